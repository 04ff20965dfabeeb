"""Times in which people want to hear nothing of some alerts. The alerts themselves go on."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Self

from greenbot.clock import iso_utc
from greenbot.db.audit import Operator, note
from greenbot.errors import NotFound, UsageError
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row, Tx

INSERT = """
insert into silences (rule, instance, severity, begins_at_ms, until_at_ms, author, comment, created_at_ms)
values (:rule, :instance, :severity, :begins, :until, :author, :comment, :now)
"""
BY_ID = "select * from silences where id = :id"
ALL = "select * from silences order by id desc"
NOT_OVER = "select * from silences where expired_at_ms is null and until_at_ms > :now order by id desc"
END = "update silences set expired_at_ms = :now where id = :id"

_GLOB = re.compile(r"[a-z0-9*?\[\]!_-]{1,100}")
MOST_LETTERS = 500
#: A longer silence is a rule that should be disabled.
LONGEST_MS = 365 * 86_400_000


class UnknownSilence(NotFound):
    """There is no silence of that number."""

    hint = "See them with: greenbot alerts silence list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Alerts whose rule, instance and severity all match are not told while it lasts. Moments are UTC milliseconds."""

    id: int
    rule: str
    instance: str
    severity: str
    begins_at_ms: int
    until_at_ms: int
    author: str
    comment: str
    created_at_ms: int
    #: Ended by hand.
    expired_at_ms: int | None

    @classmethod
    def from_row(cls, row: "Row") -> Self:
        """A row of `silences`."""
        return cls(**{name: row[name] for name in cls.__slots__})

    def is_over(self, now_ms: int) -> bool:
        """Whether it will never silence anything again."""
        return self.expired_at_ms is not None or now_ms >= self.until_at_ms


def covers(silence: Silence, *, rule: str, instance: str, severity: str, now_ms: int) -> bool:
    """Whether it silences this alert now. `*` for an instance stands for every one, the fleet included."""
    return (
        not silence.is_over(now_ms)
        and now_ms >= silence.begins_at_ms
        and fnmatchcase(rule, silence.rule)
        and fnmatchcase(instance, silence.instance)
        and fnmatchcase(severity, silence.severity)
    )


def add(
    db: "Db",
    by: Operator,
    *,
    rule: str = "*",
    instance: str = "*",
    severity: str = "*",
    begins_at_ms: int | None = None,
    until_at_ms: int,
    comment: str,
) -> Silence:
    """Silence what matches these patterns, from now or `begins_at_ms` on. Raises `UsageError`, Busy, StoreError."""
    now_ms = by.clock.now_ms()
    begins_ms = now_ms if begins_at_ms is None else begins_at_ms
    _check({"rule": rule, "instance": instance, "severity": severity}, comment)
    if until_at_ms <= max(now_ms, begins_ms):
        raise UsageError("A silence should end after it begins, and not in the past.")
    if until_at_ms - begins_ms > LONGEST_MS:
        raise UsageError("A silence lasts a year at most.", hint="For good, use: greenbot alerts disable RULE")
    with db.write() as tx:
        number = tx.insert(
            INSERT,
            rule=rule,
            instance=instance,
            severity=severity,
            begins=begins_ms,
            until=until_at_ms,
            author=by.name,
            comment=comment.strip(),
            now=now_ms,
        )
        silence = _get(tx, number)
        note(tx, by, action="alerts.silence", subject=f"silence {number}", after=facts_of(silence))
        return silence


def end(db: "Db", silence_id: int, by: Operator) -> Silence:
    """End a silence now; one that is over stays as it is. Raises `UnknownSilence`, Busy, StoreError."""
    with db.write() as tx:
        silence = _get(tx, silence_id)
        if silence.is_over(by.clock.now_ms()):
            return silence
        tx.run(END, id=silence_id, now=by.clock.now_ms())
        note(tx, by, action="alerts.unsilence", subject=f"silence {silence_id}", before=facts_of(silence))
        return _get(tx, silence_id)


def all_of(reader: "Db | Tx", now_ms: int, *, with_ended: bool = False) -> list[Silence]:
    """The silences that last or will begin, the newest first; with those that are over, if wanted."""
    rows = reader.all(ALL) if with_ended else reader.all(NOT_OVER, now=now_ms)
    return [Silence.from_row(row) for row in rows]


def facts_of(silence: Silence) -> dict[str, object]:
    """For JSON and the audit."""
    return {
        "rule": silence.rule,
        "instance": silence.instance,
        "severity": silence.severity,
        "begins_at": iso_utc(silence.begins_at_ms),
        "until": iso_utc(silence.until_at_ms),
        "author": silence.author,
        "comment": silence.comment,
    }


def _get(tx: "Tx", silence_id: int) -> Silence:
    row = tx.one(BY_ID, id=silence_id)
    if row is None:
        raise UnknownSilence(f"There is no silence {silence_id}.")
    return Silence.from_row(row)


def _check(patterns: dict[str, str], comment: str) -> None:
    for name, pattern in patterns.items():
        if not _GLOB.fullmatch(pattern):
            raise UsageError(f"The {name} of a silence should be a name or a pattern such as kyiv-*.")
    if not comment.strip() or len(comment) > MOST_LETTERS or safe_text(comment) != comment:
        raise UsageError(
            f"A silence needs a comment: why, on one line of at most {MOST_LETTERS} letters.",
            hint="Add: --comment 'planned maintenance'",
        )

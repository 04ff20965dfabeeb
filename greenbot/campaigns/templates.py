"""Texts with gaps: `Dear {{name}}, your room {{room|is being prepared}}`."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.errors import NotFound, UsageError
from greenbot.messages import limits
from greenbot.messages.checks import check_text
from greenbot.safe_text import safe_text

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Row

_GAP = re.compile(r"\{\{\s*([^{}|]*?)\s*(?:\|([^{}]*))?\}\}")
_NAME = re.compile(r"[^\W\d_][\w]{0,39}")
_TEMPLATE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text with gaps that the store keeps under a name."""

    name: str
    text: str
    created_at_ms: int
    changed_at_ms: int

    @property
    def variables(self) -> tuple[str, ...]:
        """What its gaps are called, in the order of their first appearance."""
        return variables_of(self.text)


def variable_name(text: str) -> str:
    """How a gap or a column is known: `First Name` and `first-name` are both `first_name`."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("i\u0307", "i").replace("\u0131", "i")
    return re.sub(r"[\W_]+", "_", folded).strip("_")


def variables_of(text: str) -> tuple[str, ...]:
    """The names of the gaps in a text, each once. Raises `UsageError` for a gap that cannot be filled."""
    return tuple(dict.fromkeys(_checked(gap) for gap in _gaps(text)))


def needed_by(text: str) -> tuple[str, ...]:
    """The names of the gaps that have no words of their own."""
    return tuple(dict.fromkeys(_checked(gap) for gap in _gaps(text) if gap[2] is None))


def render(text: str, variables: Mapping[str, str]) -> str:
    """The text with its gaps filled; an empty value counts as none.

    Raises `UsageError` naming the first gap that has neither a value nor words of its own, or that no
    value could fill.
    """
    values = {variable_name(name): value for name, value in variables.items()}
    _gaps(text)
    return _GAP.sub(lambda gap: _filled(gap, values), text)


def _filled(gap: re.Match[str], values: Mapping[str, str]) -> str:
    name = _checked(gap)
    given = values.get(name, "").strip() or gap[2]
    if given is None:
        raise UsageError(
            f"The template needs {{{{{name}}}}}, and nothing was given for it.",
            hint=f"Add --var {name}=VALUE, or give the gap words of its own: {{{{{name}|guest}}}}",
        )
    return given


def _gaps(text: str) -> list[re.Match[str]]:
    """Every gap. Raises `UsageError` where braces do not make one."""
    found = list(_GAP.finditer(text))
    rest = _GAP.sub(lambda gap: " " * len(gap[0]), text)
    for braces in ("{{", "}}"):
        if braces in rest:
            line = rest[: rest.index(braces)].count("\n") + 1
            raise UsageError(f"Line {line} of the template has a '{braces}' that makes no gap.", hint=_LIKE)
    return found


def _checked(gap: re.Match[str]) -> str:
    name = variable_name(gap[1])
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{safe_text(gap[0], limit=60)}' is not a gap that can be filled.", hint=_LIKE)
    return name


_LIKE = "Write gaps like {{name}} or {{name|guest}}."

UPSERT = """
insert into templates (name, text, created_at_ms, changed_at_ms) values (:name, :text, :now, :now)
    on conflict do update set text = excluded.text, changed_at_ms = excluded.changed_at_ms
"""
BY_NAME = "select * from templates where name = :name"


def add(db: "Db", name: str, text: str, clock: Clock) -> Template:
    """Keep a new template. Raises `UsageError` for a name that is taken or a text that cannot be sent."""
    return _put(db, name, text, clock, new=True)


def edit(db: "Db", name: str, text: str, clock: Clock) -> Template:
    """Replace the text of a template. Campaigns already planned keep their words. Raises `NotFound`, `UsageError`."""
    return _put(db, name, text, clock, new=False)


def _put(db: "Db", name: str, text: str, clock: Clock, *, new: bool) -> Template:
    if not _TEMPLATE_NAME.fullmatch(name):
        raise UsageError(
            f"A template cannot be called '{safe_text(name, limit=60)}'.",
            hint="Use small letters, digits, - and _, such as late-checkout",
        )
    check_text(text, what="The template", most=limits.TEXT_CHARACTERS, required=True)
    variables_of(text)
    with db.write() as tx:
        known = tx.one(BY_NAME, name=name)
        if new and known is not None:
            raise UsageError(
                f"There is a template {name} already.", hint=f"Change it with: greenbot templates edit {name}"
            )
        if not new and known is None:
            raise _unknown(db, name)
        tx.run(UPSERT, name=name, text=text, now=clock.now_ms())
    return get(db, name)


def remove(db: "Db", name: str) -> None:
    """Forget a template; campaigns planned with it keep their words. Raises `NotFound`."""
    with db.write() as tx:
        if not tx.run("delete from templates where name = :name", name=name):
            raise _unknown(db, name)


def get(db: "Db", name: str) -> Template:
    """The template of that name. Raises `NotFound` with the nearest name."""
    row = db.one(BY_NAME, name=name)
    if row is None:
        raise _unknown(db, name)
    return _template(row)


def listed(db: "Db") -> list[Template]:
    """All templates by name."""
    return [_template(row) for row in db.all("select * from templates order by name")]


def text_for(db: "Db", name: str, variables: Mapping[str, str]) -> str:
    """The words of a stored template with its gaps filled: for `send text --template`.

    Raises `NotFound`; `UsageError` for a gap without a value, and for a variable that the template does not have.
    """
    template = get(db, name)
    strange = [given for given in variables if variable_name(given) not in template.variables]
    if strange:
        knows = ", ".join(template.variables) or "none"
        raise UsageError(
            f"The template {name} has no gap called '{safe_text(strange[0], limit=40)}'.", hint=f"Its gaps: {knows}."
        )
    return render(template.text, variables)


def _template(row: "Row") -> Template:
    return Template(
        name=row["name"], text=row["text"], created_at_ms=row["created_at_ms"], changed_at_ms=row["changed_at_ms"]
    )


def _unknown(db: "Db", name: str) -> NotFound:
    from difflib import get_close_matches

    near = get_close_matches(name, [template.name for template in listed(db)], n=1)
    hint = f"Did you mean {near[0]}?" if near else "See the templates with: greenbot templates list"
    return NotFound(f"There is no template {safe_text(name, limit=60)}.", hint=hint)

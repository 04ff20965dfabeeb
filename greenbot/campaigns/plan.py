"""Planning a campaign: every line of the list is checked, every text written out, nothing is sent. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from greenbot.campaigns.campaign import BAD, DUPLICATE, READY, SUPPRESSED, GuestRow, Rules
from greenbot.campaigns.csv_rows import BadRow, Guest, find_columns, read_guests
from greenbot.campaigns.csv_text import Sheet
from greenbot.campaigns.pace import NO_LIMIT, NewChats, Stop, timetable
from greenbot.campaigns.templates import needed_by, render, variables_of
from greenbot.chat_id import ChatId
from greenbot.errors import GreenbotError, UsageError
from greenbot.messages.outgoing import Text

Known = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: the words, and how the list is to be read."""

    name: str
    source: str
    text: str
    template: str | None = None
    #: `phone`, `timezone` or a gap -> the heading or the letter of a column.
    columns: Mapping[str, str]
    country_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the store knows that matters for a plan."""

    suppressed: Known = frozenset()
    known_chats: Known = frozenset()
    new_chats: NewChats = NO_LIMIT
    new_today: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How long it would take, if it began at `begin_ms`. Moments are UTC milliseconds."""

    begin_ms: int
    first_ms: int | None
    last_ms: int | None
    new_chats: int
    #: Guests whose turn would come after the campaign's expiry.
    too_late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Exactly what would be sent to whom."""

    wanted: Wanted
    rules: Rules
    rows: tuple[GuestRow, ...]
    estimate: Estimate
    #: The code page that was assumed for the file, if it did not say.
    guessed: str | None

    def count(self, status: str) -> int:
        """How many lines came to this."""
        return sum(1 for row in self.rows if row.status == status)

    @property
    def problems(self) -> list[GuestRow]:
        """Every line that gets no message, with the reason."""
        return [row for row in self.rows if row.status != READY]


def make_plan(sheet: Sheet, wanted: Wanted, rules: Rules, around: Around, *, begin_ms: int) -> Plan:
    """Check every line and lay out the timetable. Raises `UsageError` for what concerns the whole list."""
    needed = needed_by(wanted.text)
    columns = find_columns(sheet, wanted.columns, gaps=variables_of(wanted.text), needed=needed)
    found = read_guests(sheet, columns, needed=needed, country_code=wanted.country_code)
    rows = tuple(_rows(found, wanted.text, rules, around.suppressed))
    if not rows:
        raise UsageError("The file has headings but no guests.", hint="Put one guest on each line below them.")
    estimate = estimate_of(rows, rules, around, begin_ms=begin_ms)
    return Plan(wanted=wanted, rules=rules, rows=rows, estimate=estimate, guessed=sheet.guessed)


def _rows(found: Iterable[Guest | BadRow], text: str, rules: Rules, suppressed: Known) -> Iterable[GuestRow]:
    first_line: dict[ChatId, int] = {}
    for number, one in enumerate(found, start=1):
        if isinstance(one, BadRow):
            yield _bad(number, one)
            continue
        earlier = first_line.setdefault(one.chat_id, one.line)
        if earlier != one.line:
            yield _row(number, one, DUPLICATE, problem=f"line {one.line}: the same number as on line {earlier}")
        elif rules.message_class == "promo" and one.chat_id in suppressed:
            yield _row(number, one, SUPPRESSED, problem=f"line {one.line}: this guest wants no promotion")
        else:
            yield _ready(number, one, text)


def _ready(number: int, guest: Guest, text: str) -> GuestRow:
    try:
        written = Text(chat_id=guest.chat_id, text=render(text, guest.variables)).text
    except GreenbotError as error:
        hint = f" {error.hint}" if error.hint else ""
        return _bad(number, BadRow(line=guest.line, column="", problem=f"{error}{hint}"))
    return _row(number, guest, READY, text=written)


def _row(number: int, guest: Guest, status: str, *, text: str | None = None, problem: str | None = None) -> GuestRow:
    return GuestRow(
        number=number,
        line=guest.line,
        chat_id=guest.chat_id,
        timezone=guest.timezone,
        text=text,
        status=status,
        problem=problem,
    )


def _bad(number: int, bad: BadRow) -> GuestRow:
    return GuestRow(number=number, line=bad.line, chat_id=None, timezone=None, text=None, status=BAD, problem=str(bad))


def stops_of(rows: Sequence[GuestRow], rules: Rules, known_chats: Known) -> list[Stop]:
    """The rows as stops of a timetable."""
    return [Stop(zone=rules.zone_for(row.timezone), new=row.chat_id not in known_chats) for row in rows]


def estimate_of(rows: Sequence[GuestRow], rules: Rules, around: Around, *, begin_ms: int) -> Estimate:
    """How long the ready rows would take. Raises `UsageError` when that is more than a year."""
    stops = stops_of([row for row in rows if row.status == READY], rules, around.known_chats)
    moments = timetable(
        stops, rules.pace(around.new_chats), begin_ms=begin_ms, rng=rules.rng(), new_today=around.new_today
    )
    expires_ms = begin_ms + rules.expire_ms if rules.expire_ms is not None else None
    return Estimate(
        begin_ms=begin_ms,
        first_ms=min(moments, default=None),
        last_ms=max(moments, default=None),
        new_chats=sum(stop.new for stop in stops),
        too_late=0 if expires_ms is None else sum(1 for moment in moments if moment >= expires_ms),
    )

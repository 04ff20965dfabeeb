"""From records to guests: which column means what, and what is wrong with which cell. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from greenbot.campaigns.csv_text import Record, Sheet
from greenbot.campaigns.localtime import zone_of
from greenbot.campaigns.templates import variable_name
from greenbot.chat_id import ChatId, parse_chat_id
from greenbot.errors import BadChatId, UsageError
from greenbot.safe_text import safe_text

MOST_ROWS = 200_000

#: Headings that mean the guest's number, in the languages hotels keep their lists in.
_PHONE = """
    phone; phone number; phonenumber; telephone; telephone number; tel; tel no; mobile; mobile phone; mobile number
    cell; cell phone; number; whatsapp; whatsapp number; msisdn; chat id; chatid; contact number
    телефон; номер; номер телефона; номер телефону; мобильный; мобильный телефон; мобільний; мобільний телефон; тел
    teléfono; telefono; móvil; movil; celular; número; telefon; telefonnummer; handy; handynummer; mobil; rufnummer
    téléphone; portable; numéro; telefon numarası; cep; cep telefonu
    טלפון; נייד; מספר טלפון; هاتف; الهاتف; جوال; رقم الهاتف
"""  # noqa: RUF001 - Turkish
_TIMEZONE = """
    timezone; time zone; tz; часовой пояс; часовий пояс; zona horaria; zeitzone; fuseau horaire; אזור זמן
    المنطقة الزمنية; saat dilimi
"""
# What Excel makes of a long number in a cell that it takes for a number.
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
_DECIMALS = re.compile(r"(\+?\d{7,})[.,]0+")
_AS_TEXT = re.compile(r'=\s*"([^"]*)"')


def _names(lists: str) -> frozenset[str]:
    return frozenset(variable_name(name) for name in re.split(r"[;\n]", lists)) - {""}


_PHONE_NAMES = _names(_PHONE)
_TIMEZONE_NAMES = _names(_TIMEZONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """One good line of the list."""

    line: int
    chat_id: ChatId
    timezone: str | None
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """One line that cannot be used: which column, as a spreadsheet shows it, and what is wrong."""

    line: int
    column: str
    problem: str

    def __str__(self) -> str:
        return (
            f"line {self.line}, {self.column}: {self.problem}" if self.column else f"line {self.line}: {self.problem}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where what stands: indexes of cells."""

    headings: tuple[str, ...]
    phone: int
    timezone: int | None
    variables: Mapping[str, int] = field(default_factory=dict)

    def shown(self, index: int) -> str:
        """A column as a clerk finds it: letter and heading."""
        return f"column {letter(index)} ({safe_text(self.headings[index].strip(), limit=30)})"


def letter(index: int) -> str:
    """The name of a column in a spreadsheet: A, B ... Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def find_columns(sheet: Sheet, chosen: Mapping[str, str], *, gaps: Sequence[str], needed: Sequence[str]) -> Columns:
    """Which column means what. `chosen` maps `phone`, `timezone` or one of the text's `gaps` to a heading or a letter.

    Raises `UsageError` when there is no phone column, when a `needed` gap has no column, or when two
    columns claim to be the same.
    """
    headings = sheet.records[0].cells
    known = _variables(headings)
    picked = {variable_name(name): _picked(headings, wanted) for name, wanted in chosen.items()}
    strange = [name for name in picked if name not in ("phone", "timezone", *gaps)]
    if strange:
        raise UsageError(f"Nothing in this campaign is called {strange[0]}.", hint=_may_be_mapped(gaps))
    phone = picked.pop("phone", None)
    timezone = picked.pop("timezone", None)
    columns = Columns(
        headings=headings,
        phone=_phone(sheet, needed) if phone is None else phone,
        timezone=_one_called(headings, _TIMEZONE_NAMES, "time zone") if timezone is None else timezone,
        variables={**known, **picked},
    )
    missing = [name for name in needed if name not in columns.variables]
    if missing:
        raise UsageError(
            f"The text needs {{{{{missing[0]}}}}}, and no column is called so. {_they_are(headings)}",
            hint=f"Say which it is with: --map {missing[0]}=COLUMN",
        )
    return columns


def _variables(headings: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, heading in enumerate(headings):
        found.setdefault(variable_name(heading), index)
    return {name: index for name, index in found.items() if name}


def _picked(headings: Sequence[str], wanted: str) -> int:
    by_name = [index for index, heading in enumerate(headings) if variable_name(heading) == variable_name(wanted)]
    by_letter = [index for index in range(len(headings)) if letter(index) == wanted.strip().upper()]
    found = by_name or by_letter
    if not found:
        raise UsageError(
            f"There is no column {safe_text(wanted, limit=40)}.", hint=f"{_they_are(headings)} Or use its letter."
        )
    return found[0]


def _phone(sheet: Sheet, needed: Sequence[str]) -> int:
    headings = sheet.records[0].cells
    found = _one_called(headings, _PHONE_NAMES, "phone number")
    if found is not None:
        return found
    if any(_is_number(cell) for cell in headings):
        raise UsageError(
            "The first line of the file is already a guest: the headings are missing.",
            hint=f"Put a line such as {';'.join(('phone', *needed))} above it.",
        )
    if len(headings) == 1 and len(sheet.records) > 1:
        return 0
    raise UsageError(
        f"No column is called phone. {_they_are(headings)}", hint="Say which it is with: --map phone=COLUMN"
    )


def _one_called(headings: Sequence[str], names: frozenset[str], what: str) -> int | None:
    found = [index for index, heading in enumerate(headings) if variable_name(heading) in names]
    if len(found) > 1:
        both = " and ".join(f"{letter(index)} ({safe_text(headings[index], limit=30)})" for index in found[:2])
        key = "phone" if names is _PHONE_NAMES else "timezone"
        raise UsageError(
            f"Two columns could be the {what}: {both}.", hint=f"Say which with: --map {key}={letter(found[0])}"
        )
    return found[0] if found else None


def _is_number(cell: str) -> bool:
    try:
        parse_chat_id(_plain(cell))
    except BadChatId:
        return False
    return True


def _they_are(headings: Sequence[str]) -> str:
    return f"The columns are: {', '.join(safe_text(heading.strip(), limit=30) or '(no name)' for heading in headings)}."


def _may_be_mapped(gaps: Sequence[str]) -> str:
    return f"--map knows phone, timezone and the gaps of the text: {', '.join(gaps) or 'none'}."


def read_guests(
    sheet: Sheet, columns: Columns, *, needed: Sequence[str], country_code: str | None
) -> Iterator[Guest | BadRow]:
    """Every line below the headings, each good or bad by itself. Raises `UsageError` when there are too many."""
    if len(sheet.records) > MOST_ROWS + 1:
        raise UsageError(
            f"The file has {len(sheet.records) - 1:,} guests; a campaign has at most {MOST_ROWS:,}.",
            hint="Split it into several campaigns.",
        )
    for record in sheet.records[1:]:
        yield _guest(record, columns, needed, country_code)


def _guest(record: Record, columns: Columns, needed: Sequence[str], country_code: str | None) -> Guest | BadRow:
    width = len(columns.headings)
    if any(cell.strip() for cell in record.cells[width:]):
        return BadRow(
            line=record.line,
            column=f"column {letter(width)}",
            problem=f"there are {len(record.cells)} cells but only {width} headings; "
            "put texts that contain the separator in quotes",
        )
    cells = [cell.strip() for cell in (*record.cells[:width], *[""] * (width - len(record.cells)))]
    try:
        chat_id = _chat_id(cells[columns.phone], country_code)
    except BadChatId as error:
        hint = f" {error.hint}" if error.hint else ""
        return BadRow(line=record.line, column=columns.shown(columns.phone), problem=f"{error}{hint}")
    timezone = cells[columns.timezone] if columns.timezone is not None else ""
    if columns.timezone is not None and timezone and zone_of(timezone) is None:
        problem = f"'{safe_text(timezone, limit=40)}' is not a time zone. Write it like Europe/Kyiv, or leave it empty."
        return BadRow(line=record.line, column=columns.shown(columns.timezone), problem=problem)
    empty = next((name for name in needed if not cells[columns.variables[name]]), None)
    if empty is not None:
        column = columns.shown(columns.variables[empty])
        return BadRow(line=record.line, column=column, problem=f"it is empty, and the text needs {{{{{empty}}}}}")
    variables = {name: cells[index] for name, index in columns.variables.items()}
    return Guest(line=record.line, chat_id=chat_id, timezone=timezone or None, variables=variables)


def _chat_id(cell: str, country_code: str | None) -> ChatId:
    number = _plain(cell)
    if not number:
        raise BadChatId("the number is missing.", hint="")
    if _SCIENTIFIC.fullmatch(number):
        raise BadChatId(
            f"the spreadsheet shortened this number to {safe_text(number, limit=30)}, its last digits are lost.",
            hint="Format the column as text, enter the numbers again and export once more.",
        )
    chat_id = parse_chat_id(number, country_code=country_code)
    if chat_id.kind == "group":
        raise BadChatId("this is a group; a campaign writes to people.", hint="")
    return chat_id


def _plain(cell: str) -> str:
    """A number without what spreadsheets put around it: `="38044…"`, `'38044…`, `380441234567.0`."""
    text = cell.strip()
    if found := _AS_TEXT.fullmatch(text):
        text = found[1].strip()
    text = text.removeprefix("'").strip()
    decimals = _DECIMALS.fullmatch(text)
    return decimals[1] if decimals else text

"""Which column means what; and what a clerk is told about a cell."""

from collections.abc import Mapping

import pytest

from greenbot.campaigns.csv_rows import BadRow, Columns, Guest, find_columns, letter, read_guests
from greenbot.campaigns.csv_text import read_sheet
from greenbot.errors import UsageError


def columns_of(heading: str, chosen: Mapping[str, str] | None = None, *, gaps: tuple[str, ...] = ()) -> Columns:
    return find_columns(read_sheet(f"{heading}\nx\n".encode()), chosen or {}, gaps=gaps, needed=gaps)


@pytest.mark.parametrize(
    "heading",
    [
        *("phone", "Phone", "PHONE NUMBER", "phone_number", " Mobile ", "WhatsApp", "Chat ID", "Tel."),
        *("Телефон", "номер телефону", "Мобільний", "Мобильный телефон", "Teléfono", "Móvil", "Handy"),
        *("Telefonnummer", "Téléphone", "Portable", "טלפון", "هاتف", "الهاتف", "Telefon", "Cep telefonu"),
        "TELEFON NUMARASI",
        "Telefon Numarası",  # noqa: RUF001 - Turkish
    ],
)
def test_the_phone_column_is_known_by_its_name(heading: str) -> None:
    assert columns_of(f"name;{heading};note").phone == 1


@pytest.mark.parametrize(
    ("heading", "chosen", "phone", "timezone"),
    [
        ("guest;contact", {"phone": "contact"}, 1, None),
        ("guest;contact", {"phone": "CONTACT "}, 1, None),
        ("guest;contact", {"phone": "b"}, 1, None),
        ("a;b", {"phone": "a"}, 0, None),  # a name wins over a letter
        ("phone;mobile", {"phone": "mobile"}, 1, None),
        ("phone;Time zone", {}, 0, 1),
        ("phone;zone", {"timezone": "zone"}, 0, 1),
        ("guests", {}, 0, None),  # a list of one column needs no name for it
    ],
)
def test_columns_can_be_said(heading: str, chosen: Mapping[str, str], phone: int, timezone: int | None) -> None:
    columns = columns_of(heading, chosen)
    assert (columns.phone, columns.timezone) == (phone, timezone)


def test_gaps_find_their_columns_by_name_or_by_what_is_said() -> None:
    columns = columns_of("phone;First Name;Zi", {"room": "Zi"}, gaps=("first_name", "room"))
    assert {gap: columns.variables[gap] for gap in ("first_name", "room")} == {"first_name": 1, "room": 2}


@pytest.mark.parametrize(
    ("content", "chosen", "said", "hint"),
    [
        ("guest;contact\nx;y", {}, "No column is called phone. The columns are: guest, contact.", "--map phone=COLUMN"),
        ("+380441234567;Olena\n380447654321;Petro", {}, "already a guest", "phone;name"),
        ("phone;mobile;name\n1;2;3", {}, "Two columns could be the phone number: A .phone. and B .mobile.", "phone=A"),
        ("phone;tz;time zone;name\n1;2;3;4", {}, "Two columns could be the time zone", "--map timezone=B"),
        ("phone;room\n1;2", {}, "{{name}}, and no column is called so. The columns are: phone, room", "name=COLUMN"),
        ("phone;name\n1;2", {"phone": "Fax"}, "There is no column Fax", "phone, name"),
        ("phone;name\n1;2", {"color": "name"}, "Nothing in this campaign is called color", "name"),
    ],
)
def test_what_is_wrong_with_the_headings_is_said(content: str, chosen: Mapping[str, str], said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_columns(read_sheet(content.encode()), chosen, gaps=("name",), needed=("name",))
    assert said.replace(".phone.", "(phone)").replace(".mobile.", "(mobile)") in str(caught.value)
    assert hint in str(caught.value.hint)


def guests_of(content: str, *, needed: tuple[str, ...] = (), country_code: str | None = None) -> list[Guest | BadRow]:
    sheet = read_sheet(content.encode())
    columns = find_columns(sheet, {}, gaps=needed, needed=needed)
    return list(read_guests(sheet, columns, needed=needed, country_code=country_code))


@pytest.mark.parametrize(
    ("cell", "chat_id"),
    [
        ("+380 44 123 4567", "380441234567@c.us"),
        ("380441234567", "380441234567@c.us"),
        ("00380441234567", "380441234567@c.us"),
        ("044 123 45 67", "380441234567@c.us"),  # completed by the hotel's country
        ("'+380441234567", "380441234567@c.us"),  # how spreadsheets keep a number as text
        ('"=""+380441234567"""', "380441234567@c.us"),
        ("380441234567.0", "380441234567@c.us"),  # how they write a number
        ('"380441234567,00"', "380441234567@c.us"),
        ("380441234567@c.us", "380441234567@c.us"),
        ("155508384256027@lid", "155508384256027@lid"),
        ("https://wa.me/380441234567", "380441234567@c.us"),
    ],
)
def test_a_number_is_read_however_a_spreadsheet_wrote_it(cell: str, chat_id: str) -> None:
    (guest,) = guests_of(f"phone;name\n{cell};x", country_code="380")
    assert isinstance(guest, Guest)
    assert guest.chat_id == chat_id


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (";Olena", "line 2, column A (phone): the number is missing."),
        ("3.80441E+11;Olena", "line 2, column A (phone): the spreadsheet shortened this number to 3.80441E+11"),
        ("3,80441E+11;Olena", "its last digits are lost. Format the column as text"),
        ("12;Olena", "line 2, column A (phone): '12' has 2 digits, too few"),
        ("n/a;Olena", "line 2, column A (phone): 'n/a' is not a phone number"),
        ("380441234567 or 380447654321;Olena", "it contains more than digits"),
        ("120363043968066561@g.us;Olena", "line 2, column A (phone): this is a group"),
        ("89161234567;Olena", "begins with the trunk prefix 8"),
        ("380441234567;", "line 2, column B (name): it is empty, and the text needs {{name}}"),
        ("380441234567;Olena;12", "line 2, column C: there are 3 cells but only 2 headings"),
        ("380441234567", "line 2, column B (name): it is empty"),
        ("\x1b[31m380;Olena", "column A (phone)"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(row: str, said: str) -> None:
    (bad, good) = guests_of(f"phone;name\n{row}\n380441234567;Petro", needed=("name",))
    assert isinstance(bad, BadRow)
    assert said in str(bad)
    assert "\x1b" not in str(bad)
    assert isinstance(good, Guest), "the others go on"


def test_a_time_zone_is_checked_guest_by_guest() -> None:
    found = guests_of("phone;timezone\n380441234567;Asia/Tokyo\n380441234568;\n380441234569;Kyiv time")
    assert [guest.timezone if isinstance(guest, Guest) else str(guest) for guest in found] == [
        "Asia/Tokyo",
        None,
        "line 4, column B (timezone): 'Kyiv time' is not a time zone. Write it like Europe/Kyiv, or leave it empty.",
    ]


@pytest.mark.parametrize(
    ("index", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")]
)
def test_columns_have_the_names_a_spreadsheet_shows(index: int, name: str) -> None:
    assert letter(index) == name

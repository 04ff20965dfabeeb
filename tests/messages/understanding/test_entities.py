"""Dates, times, rooms and the like: what is written and what it means, on Wednesday 6 May 2026."""

from datetime import date

import pytest

from greenbot.messages.understand import understand

TODAY = date(2026, 5, 6)


def _found(text: str, kind: str, *, region: str = "", country_code: str = "") -> list[str]:
    found = understand(text, today=TODAY, region=region, country_code=country_code)
    assert all(text[entity.span.start : entity.span.end] == entity.span.text for entity in found.entities)
    return [entity.value for entity in found.entities if entity.kind == kind]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("arriving 12 May", "2026-05-12"),
        ("arriving May 12th, 2027", "2027-05-12"),
        ("arriving 2026-05-12", "2026-05-12"),
        ("arriving 12.05.2026", "2026-05-12"),
        ("arriving 12/5/26 by car", "2026-05-12"),
        ("12.05 to 15.05", "2026-05-12/2026-05-15"),
        ("from 28 Dec to 2 Jan", "2026-12-28/2027-01-02"),
        ("29-2 March please", "2027-02-28"),
        ("we stayed on 20 April", "2026-04-20"),
        ("for 3 January", "2027-01-03"),
        ("Friday 12 June", "2026-06-12"),
        ("see you on Wednesday", "2026-05-13"),
        ("next Friday", "2026-05-15"),
        ("next week", "2026-05-11/2026-05-17"),
        ("in 3 days", "2026-05-09"),
        ("the day after tomorrow", "2026-05-08"),
        ("приедем послезавтра", "2026-05-08"),
        ("с 30 июня по 2 июля", "2026-06-30/2026-07-02"),
        ("del 3 al 8 de julio", "2026-07-03/2026-07-08"),
        ("vom 30.6. bis 2.7.", "2026-06-30/2026-07-02"),
        ("le 14 juillet", "2026-07-14"),
        ("ב-20 ביולי", "2026-07-20"),
        ("يوم ٢٠ يوليو", "2026-07-20"),
        ("20 Temmuz'da", "2026-07-20"),
        ("на 20 липня", "2026-07-20"),
    ],
)
def test_dates(text: str, value: str) -> None:
    if text.startswith("29-2"):
        # A range that would begin on a day that does not exist is no range; nothing is invented.
        assert value not in _found(text, "date")
        return
    assert _found(text, "date") == [value]


@pytest.mark.parametrize(
    "text",
    [
        "room 1203 is cold",
        "open 24/7?",
        "May I come in",
        "a 4.5 star place",
        "guten Morgen zusammen",
        "a las 8 de la mañana",
        "31/31",
        "30 February",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert _found(text, "date") == []


def test_americans_write_the_month_first() -> None:
    assert _found("on 5/12", "date") == ["2026-12-05"]
    assert _found("on 5/12", "date", region="US") == ["2026-05-12"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("at 15:30", "15:30"),
        ("3pm", "15:00"),
        ("3:15 p.m.", "15:15"),
        ("12 am", "00:00"),
        ("12 pm", "12:00"),
        ("14 Uhr", "14:00"),
        ("um 10.05 Uhr", "10:05"),
        ("à 15h30", "15:30"),
        ("в 7 вечера", "19:00"),
        ("в 2 ночи", "02:00"),
        ("a las 7 de la tarde", "19:00"),
        ("saat 11", "11:00"),
        ("الساعة 3 مساء", "15:00"),
        ("בשעה 8 בערב", "20:00"),
        ("at noon", "12:00"),
        ("24:00", "00:00"),
    ],
)
def test_times(text: str, value: str) -> None:
    assert _found(text, "time") == [value]


@pytest.mark.parametrize("text", ["25:00", "for 3 nights", "на 3 ночи", "12.50 EUR", "at 7 Main Street", "10:75"])
def test_what_is_no_time(text: str) -> None:
    assert _found(text, "time") == []


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("email", "write to Ann.Lee+x@Example.COM.", "ann.lee+x@example.com"),
        ("url", "see www.Example.com/Menu.", "https://www.example.com/Menu"),
        ("url", "HTTP://example.com/?a=1!", "http://example.com/?a=1"),
        ("phone", "call +1 (415) 555-0132", "+14155550132"),
        ("phone", "+49 (0)151 23456789", "+4915123456789"),
        ("phone", "044 123 45 67", "0441234567"),
        ("room", "room no. 12b is cold", "12B"),
        ("room", "towels to 305 please", "305"),
        ("room", "в 305-м номере холодно", "305"),
        ("room", "305 numaralı oda soğuk", "305"),
        ("amount", "you took 1,240.50 USD", "1240.50 USD"),
        ("amount", "1.240,50 €", "1240.50 EUR"),
        ("amount", "12 500 руб.", "12500 RUB"),
        ("amount", "5 тыс. рублей", "5000 RUB"),
        ("amount", "$50", "50 USD"),
        ("booking", "booking number: 4471920", "4471920"),
        ("booking", "my ref is x4j9qk77", "X4J9QK77"),
        ("booking", "BK-20391 please", "BK-20391"),
        ("guests", "2 adults and 2 children", "2+2"),
        ("guests", "a table for six", "6"),
        ("guests", "нас пятеро", "5"),
        ("guests", "لشخصين", "2"),
    ],
)
def test_other_entities(kind: str, text: str, value: str) -> None:
    assert _found(text, kind) == [value]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("room", "a room for 2 adults"),
        ("room", "in 2026 we came too"),
        ("room", "testing 123"),
        ("phone", "12.05.2026 - 15.05.2026"),
        ("booking", "my flight LH1234 lands"),
        ("booking", "VAT GB123456789"),
        ("guests", "for two nights"),
        ("guests", "somos una familia"),
        ("amount", "300 metres from here"),
    ],
)
def test_what_only_looks_like_one(kind: str, text: str) -> None:
    assert _found(text, kind) == []


def test_a_country_code_completes_national_numbers() -> None:
    assert _found("044 123 45 67", "phone", country_code="380") == ["+380441234567"]


def test_places_are_those_of_the_text_as_it_was_sent() -> None:
    text = "He\u200bllo \U0001f44d\U0001f3fd ro\u200bom 30\uff15!"
    (entity,) = understand(text, today=TODAY).entities
    assert (entity.kind, entity.value) == ("room", "305")
    assert text[entity.span.start : entity.span.end] == entity.span.text == "ro\u200bom 30\uff15"

"""Contact cards, from options and from the vCard files of phones and mail programs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbot.errors import BadDraft, UsageError
from greenbot.messages.outgoing import Contact, read_vcard
from tests.messages.samples import GUEST


@pytest.mark.parametrize(
    "phone", ["11001234569", "+1 100 123-4569", "0011001234569", "11001234569@c.us", "tel:+11001234569"]
)
def test_the_number_of_a_contact_may_have_any_usual_form(phone: str) -> None:
    contact = Contact(chat_id=GUEST, phone=phone, first_name="A")
    assert contact.params()["contact"] == {"phoneContact": 11001234569, "firstName": "A"}


@pytest.mark.parametrize("name", ["first_name", "middle_name", "last_name"])
def test_one_name_is_enough(name: str) -> None:
    assert Contact(chat_id=GUEST, phone="11001234569", **{name: "A"})  # type: ignore[arg-type]  # one of three names


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"phone": "", "first_name": "A"}, "The number of the contact: The recipient is empty"),
        ({"phone": "reception", "first_name": "A"}, "The number of the contact: 'reception' is not a phone number"),
        ({"phone": "044 123 4567", "first_name": "A"}, "'044 123 4567' has no country code"),
        ({"phone": "155508384256027@lid", "first_name": "A"}, "'155508384256027@lid' is not a phone number"),
        ({"phone": 11001234569, "first_name": "A"}, "The number of the contact: The recipient is not text"),
        ({"phone": "11001234569"}, "The contact has no name"),
        ({"phone": "11001234569", "first_name": " "}, "The contact has no name"),
        ({"phone": "11001234569", "company": "Grand Kyiv"}, "The contact has no name"),
        ({"phone": "11001234569", "first_name": 7}, "The first name of the contact is not text"),
        (
            {"phone": "11001234569", "first_name": "A", "last_name": "\0"},
            "The last name of the contact contains a zero byte",
        ),
    ],
)
def test_cards_guests_could_not_use_are_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(BadDraft) as caught:
        Contact(chat_id=GUEST, **fields)  # type: ignore[arg-type]  # wrong on purpose
    assert words in str(caught.value)


def _card(*lines: str, version: str = "3.0", end: str = "\r\n") -> str:
    return end.join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


FULL = {
    "phone": "+11001234569",
    "first_name": "Anna",
    "middle_name": "M.",
    "last_name": "Koval",
    "company": "Grand Kyiv",
}
TEL = "TEL:+11001234569"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (_card("N:Koval;Anna;M.;Dr.;", "FN:Dr. Anna Koval", "ORG:Grand Kyiv;Reception", TEL), FULL),
        (_card("N:Koval;Anna;M.;;", "ORG:Grand Kyiv", TEL, end="\n"), FULL),
        ("\ufeff" + _card("N:Koval;Anna;M.;;", "ORG:Grand Kyiv", TEL), FULL),
        (_card("n:Koval;Anna;M.;;", "org:Grand Kyiv", "tel;type=cell:+11001234569"), FULL),
        (_card("item1.N:Koval;Anna;M.;;", "item1.ORG:Grand Kyiv", "item2.TEL;type=pref:+11001234569"), FULL),
        (_card("N:Ko", " val;An", "\tna;M.;;", "ORG:Grand Kyiv", TEL), FULL),  # folded lines
        (
            _card("N:Koval;Anna;M.;;", "ORG:Grand Kyiv", "TEL;VALUE=uri;TYPE=cell:tel:+1-100-123-4569", version="4.0"),
            FULL | {"phone": "tel:+1-100-123-4569"},
        ),
        (
            _card("N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=D0=AE=D0=\r\n=BB=D1=8F;Anna;;;", TEL, version="2.1"),
            {"phone": "+11001234569", "first_name": "Anna", "last_name": "Юля"},
        ),
        (
            _card("N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;;;;", TEL, version="2.1"),
            {"phone": "+11001234569", "last_name": "Müller"},
        ),
        (_card("FN:Night porter", TEL), {"phone": "+11001234569", "first_name": "Night porter"}),
        (_card("N:;;;;", "FN:Night porter", TEL), {"phone": "+11001234569", "first_name": "Night porter"}),
        (_card("ORG:Taxi 579", TEL), {"phone": "+11001234569", "first_name": "Taxi 579", "company": "Taxi 579"}),
        (_card("N:Smith\\; Sons\\, Ltd;;;;", TEL), {"phone": "+11001234569", "last_name": "Smith; Sons, Ltd"}),
        (_card("FN:one\\ntwo \\\\ three", TEL), {"phone": "+11001234569", "first_name": "one two \\ three"}),
        (_card("FN:A", "TEL;TYPE=work:+1", "TEL;TYPE=cell:+2"), {"phone": "+2", "first_name": "A"}),
        (_card("FN:A", "TEL;TYPE=cell:+2", "TEL;TYPE=work,pref:+3"), {"phone": "+3", "first_name": "A"}),
        (
            _card("FN:A", "TEL;TYPE=pref:+3", "TEL;type=CELL;waid=11001234569:+1 100"),
            {"phone": "+11001234569", "first_name": "A"},
        ),
        (_card("FN:A", "TEL:", "TEL:044 123 4567"), {"phone": "044 123 4567", "first_name": "A"}),
        (_card("FN:A"), {"first_name": "A"}),
        (_card(TEL), {"phone": "+11001234569"}),
        (
            _card("FN:A", "PHOTO;ENCODING=b:AAAA", " BBBB", "NOTE:N:no;name", "broken line", TEL),
            {"phone": "+11001234569", "first_name": "A"},
        ),
    ],
)
def test_a_vcard_tells_number_and_names(text: str, fields: dict[str, str]) -> None:
    assert read_vcard(text) == fields


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The vCard file holds no contact"),
        ("Anna, +11001234569", "holds no contact"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR", "holds no contact"),
        (_card("FN:A", TEL) + _card("FN:B", TEL), "holds 2 contacts"),
        (_card("FN;ENCODING=QUOTED-PRINTABLE:=FF=FE", TEL), "letters that cannot be read"),
        (_card("FN;ENCODING=QUOTED-PRINTABLE;CHARSET=NONE-SUCH:=41", TEL), "letters that cannot be read"),
    ],
)
def test_a_file_without_exactly_one_readable_contact_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadDraft, match=words) as caught:
        read_vcard(text)
    assert caught.value.hint


def test_a_vcard_becomes_a_draft() -> None:
    fields = read_vcard(_card("N:Koval;Anna;M.;;", "ORG:Grand Kyiv", TEL))
    contact = Contact(chat_id=GUEST, **fields)  # type: ignore[arg-type]  # the names of its fields
    assert contact.summary() == "Anna M. Koval Grand Kyiv +11001234569"


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for vcard in (text, _card(text), _card("N:" + text, "TEL;" + text)):
        try:
            fields = read_vcard(vcard)
        except UsageError:
            continue
        assert set(fields) <= {"phone", "first_name", "middle_name", "last_name", "company"}
        assert all(fields.values())


def test_a_long_hostile_vcard_is_read_in_one_go() -> None:
    # A pattern that backtracks would never come back from one of these.
    for piece in ("QUOTED-PRINTABLE:=\n", "=\n", ";", "\\", "\n ", ":", "QUOTED-PRINTABLE"):
        text = _card("FN:A", piece * 20_000, end="\n")
        try:
            assert read_vcard(text)
        except BadDraft:
            continue

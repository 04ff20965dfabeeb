"""Contact cards, also read from vCard files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from greenbot.errors import BadDraft
from greenbot.messages.checks import as_phone, check_remote_id, check_text, check_typing
from greenbot.messages.drafts.base import ChatDraft, given, put


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(ChatDraft):
    """Somebody's number with a name, which the guest can save. `phone` may have any usual form."""

    kind: ClassVar[str] = "contact"
    method: ClassVar[str] = "sendContact"

    phone: str
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    quoted_message_id: str | None = None
    typing_ms: int | None = None

    def check(self) -> None:
        put(self, phone="+" + as_phone(self.phone, what="The number of the contact"))
        for what, name in (
            ("first name", self.first_name),
            ("middle name", self.middle_name),
            ("last name", self.last_name),
            ("company", self.company),
        ):
            check_text(name, what=f"The {what} of the contact")
        if not any(name and name.strip() for name in (self.first_name, self.middle_name, self.last_name)):
            raise BadDraft(
                "The contact has no name.", hint="Give a first, middle or last name: the guest sees it on the card."
            )
        if self.quoted_message_id is not None:
            check_remote_id(self.quoted_message_id, what="The id of the quoted message")
        check_typing(self.typing_ms)

    def params(self) -> dict[str, object]:
        card = given(
            phoneContact=int(self.phone),
            firstName=self.first_name,
            middleName=self.middle_name,
            lastName=self.last_name,
            company=self.company,
        )
        return given(
            chatId=self.chat_id, contact=card, quotedMessageId=self.quoted_message_id, typingTime=self.typing_ms
        )

    def content(self) -> tuple[str | None, ...]:
        return (self.first_name, self.middle_name, self.last_name, self.company, self.phone)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    name: str
    parameters: str
    value: str


def read_vcard(text: str) -> dict[str, str]:
    """The fields for `Contact` that a vCard file with one contact tells (versions 2.1 to 4.0). Raises `BadDraft`.

    Keys are `phone` (as written), `first_name`, `middle_name`, `last_name` and `company`; what is not
    there is left out. Of several numbers the WhatsApp number wins, then the preferred one, then a
    mobile, then the first. Without a name of a person the whole name or the company becomes the first name.
    """
    lines = list(_lines(text))
    cards = sum(1 for line in lines if line.name == "BEGIN" and line.value.strip().upper() == "VCARD")
    if cards != 1:
        found = f"{cards} contacts" if cards else "no contact"
        raise BadDraft(f"The vCard file holds {found}.", hint="Give a .vcf file with exactly one contact.")
    first, middle, last = _names(lines)
    found_fields = {
        "phone": _phone(lines),
        "first_name": first,
        "middle_name": middle,
        "last_name": last,
        "company": _parts(_value(lines, "ORG"))[0],
    }
    return {name: value for name, value in found_fields.items() if value}


def _lines(text: str) -> Iterator[_Line]:
    for raw in _whole_lines(text.removeprefix("\ufeff").splitlines()):
        head, colon, value = raw.partition(":")
        name, _, parameters = head.partition(";")
        if colon:
            yield _Line(
                name=name.rpartition(".")[2].strip().upper(),
                parameters=parameters.upper(),
                value=_decoded(value, parameters.upper()),
            )


def _whole_lines(lines: list[str]) -> Iterator[str]:
    """A line goes on in the next one after a space; one in quoted-printable ends in `=` instead."""
    parts: list[str] = []
    quoted = False
    for line in lines:
        if parts and quoted and parts[-1].endswith("="):
            parts[-1] = parts[-1][:-1]
            parts.append(line)
        elif parts and line[:1] in (" ", "\t"):
            parts.append(line[1:])
        else:
            yield "".join(parts)
            parts, quoted = [line], "QUOTED-PRINTABLE" in line.partition(":")[0].upper()
    yield "".join(parts)


def _decoded(value: str, parameters: str) -> str:
    if "QUOTED-PRINTABLE" not in parameters:
        return value
    import quopri

    charset = re.search(r"CHARSET=\"?([\w-]+)", parameters)
    try:
        return quopri.decodestring(value.encode()).decode(charset[1] if charset else "utf-8")
    except (LookupError, UnicodeDecodeError) as error:
        raise BadDraft(
            "The vCard file has letters that cannot be read.", hint="Export it again as vCard 3.0."
        ) from error


def _value(lines: list[_Line], name: str) -> str:
    return next((line.value for line in lines if line.name == name and line.value.strip()), "")


def _parts(value: str) -> list[str]:
    """The parts between semicolons, with escapes resolved."""
    return [_unescaped(part) for part in re.split(r"(?<!\\);", value)]


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda match: " " if match[1] in "nN" else match[1], value).strip()


def _names(lines: list[_Line]) -> tuple[str, str, str]:
    last, first, middle = [*_parts(_value(lines, "N")), "", "", ""][:3]
    if first or middle or last:
        return first, middle, last
    return _unescaped(_value(lines, "FN")) or _parts(_value(lines, "ORG"))[0], "", ""


def _phone(lines: list[_Line]) -> str:
    numbers = [line for line in lines if line.name == "TEL" and line.value.strip()]
    if not numbers:
        return ""
    best = min(numbers, key=_rank)
    on_whatsapp = re.search(r"WAID=\"?(\d+)", best.parameters)
    return "+" + on_whatsapp[1] if on_whatsapp else _unescaped(best.value)


def _rank(line: _Line) -> int:
    return next((rank for rank, mark in enumerate(("WAID=", "PREF", "CELL")) if mark in line.parameters), 3)

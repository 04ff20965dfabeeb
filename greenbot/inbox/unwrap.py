"""Taking a notification out of the answer to receiveNotification, `{"receiptId": 1, "body": {...}}`, byte for byte.

The answer is not decoded for that: what is inside is kept as GREEN-API wrote it, also when no JSON parser takes it.
Only brackets, quotes and commas are looked at. Pure.
"""

import json
import re
from dataclasses import dataclass

_BLANK = re.compile(rb"[ \t\n\r]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
#: A number, a word, or something that is not JSON, such as NaN: until a comma, a bracket or a blank.
_SCALAR = re.compile(rb'[^ \t\n\r,:"{}\[\]]+')
#: Inside of brackets: everything up to the next quote or bracket says nothing.
_UNTIL_MARK = re.compile(rb'[^"{}\[\]]*+')
_RECEIPT = re.compile(rb'"?(-?[0-9]{1,19})"?')
#: What can be said of an answer that is broken somewhere: it begins with its receipt, as GREEN-API's do.
_FIRST_RECEIPT = re.compile(rb'[ \t\n\r]*\{[ \t\n\r]*"receiptId"[ \t\n\r]*:[ \t\n\r]*(-?[0-9]{1,19})[ \t\n\r]*,')


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """The receipt by which it is deleted, and its bytes. `is_whole` is False when the answer has no end that fits its
    beginning: then `raw` is all of the answer, and perhaps more would have come."""

    receipt: int
    raw: bytes
    is_whole: bool = True


def unwrap(answer: bytes) -> Notification | None:
    """The notification in an answer; None when there is no receipt, so that it could not be deleted.

    Of keys that come twice the last one counts, as in JSON. An answer without `body` is kept as a whole.
    """
    members = _members(answer)
    if members is None:
        first = _FIRST_RECEIPT.match(answer)
        return None if first is None else Notification(receipt=int(first[1]), raw=answer, is_whole=False)
    receipt = _RECEIPT.fullmatch(members.get("receiptId", b""))
    return None if receipt is None else Notification(receipt=int(receipt[1]), raw=members.get("body", answer))


def _members(answer: bytes) -> dict[str, bytes] | None:
    """The bytes of each value of an object; None when this is no object, or a broken one."""
    members: dict[str, bytes] = {}
    place = _blank(answer, 0)
    if answer[place : place + 1] != b"{":
        return None
    place = _blank(answer, place + 1)
    while answer[place : place + 1] != b"}" or members:
        name = _STRING.match(answer, place)
        if name is None:
            return None
        colon = _blank(answer, name.end())
        begin = _blank(answer, colon + 1)
        end = _end_of_value(answer, begin)
        if answer[colon : colon + 1] != b":" or end is None:
            return None
        members[_text(name[0])] = answer[begin:end]
        place = _blank(answer, end)
        if answer[place : place + 1] == b"}":
            break
        if answer[place : place + 1] != b",":
            return None
        place = _blank(answer, place + 1)
    return members if _blank(answer, place + 1) == len(answer) else None


def _blank(answer: bytes, place: int) -> int:
    found = _BLANK.match(answer, place)
    return place if found is None else found.end()


def _end_of_value(answer: bytes, begin: int) -> int | None:
    """Where the value that begins there ends; None when it has no end."""
    if answer[begin : begin + 1] in (b"{", b"["):
        return _end_of_brackets(answer, begin)
    found = (_STRING if answer[begin : begin + 1] == b'"' else _SCALAR).match(answer, begin)
    return None if found is None else found.end()


def _end_of_brackets(answer: bytes, begin: int) -> int | None:
    """Behind the bracket that closes the one at `begin`, however deep it is in between."""
    open_: bytearray = bytearray()
    place = begin
    while True:
        mark = answer[place : place + 1]
        if mark == b'"':
            string = _STRING.match(answer, place)
            if string is None:
                return None
            place = string.end()
        elif mark in (b"{", b"["):
            open_ += b"}" if mark == b"{" else b"]"
            place += 1
        elif not mark or open_.pop() != mark[0]:
            return None
        else:
            place += 1
        if not open_:
            return place
        silent = _UNTIL_MARK.match(answer, place)
        place = place if silent is None else silent.end()


def _text(quoted: bytes) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted[1:-1].decode("utf-8", "replace")

"""What a draft of ours says, for a thread: pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

_KIND_WORDS = {"file_url": "file", "file_upload": "file", "reply_buttons": "buttons", "location": "place"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One word for its kind, the words a guest reads, the name of its file, and the message it answers."""

    kind: str
    text: str
    file_name: str | None = None
    quoted_id: str | None = None


def words_of(kind: str, draft: str) -> Words:
    """What a stored draft says; one that cannot be read any more says nothing."""
    try:
        found: object = json.loads(draft)
    except ValueError:
        found = None
    fields = found if isinstance(found, dict) else {}
    return Words(
        kind=_KIND_WORDS.get(kind, kind),
        text=_text(kind, fields),
        file_name=_file_name(fields),
        quoted_id=str(fields["quoted_message_id"]) if fields.get("quoted_message_id") else None,
    )


def reaction_of(draft: str) -> tuple[str, str]:
    """The message and the emoji of a reaction of ours."""
    found = json.loads(draft)
    return str(found.get("message_id", "")), str(found.get("emoji", ""))


def _text(kind: str, fields: Mapping[str, object]) -> str:
    if kind == "poll":
        return _joined(fields, "question") + _choices(fields.get("options"))
    if kind == "buttons":
        return _joined(fields, "header", "body", "footer") + _choices(_labels(fields.get("buttons")))
    if kind == "reply_buttons":
        return _joined(fields, "header", "body", "footer") + _choices(fields.get("labels"))
    if kind == "location":
        place = _joined(fields, "name", "address")
        return f"{place} ({fields.get('latitude')}, {fields.get('longitude')})".strip()
    if kind == "contact":
        return _joined(fields, "first_name", "middle_name", "last_name", "company", "phone")
    if kind == "forward":
        return "forwarded message"
    return _joined(fields, "text", "caption")


def _joined(fields: Mapping[str, object], *names: str) -> str:
    return " ".join(str(fields[name]) for name in names if fields.get(name))


def _choices(options: object) -> str:
    return "".join(f" [{option}]" for option in options) if isinstance(options, list) else ""


def _labels(buttons: object) -> list[object]:
    return [button.get("label") for button in buttons if isinstance(button, dict)] if isinstance(buttons, list) else []


def _file_name(fields: Mapping[str, object]) -> str | None:
    given = fields.get("file_name") or fields.get("path") or fields.get("url")
    return None if not given else str(given).partition("?")[0].rpartition("/")[2]

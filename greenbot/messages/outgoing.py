"""Everything we can say: one class for each kind of draft.

A draft that exists can be sent as far as this machine can tell: making a wrong one raises
`BadDraft`, `BadFile` or `BadChatId`, whose message says what is wrong and whose hint what to do.

Names are loaded when they are first used: a command that sends a text has no use for the other
thirteen kinds, and loading them would take a tenth of its time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias, cast

from greenbot.errors import BadDraft

if TYPE_CHECKING:
    from greenbot.messages.drafts.base import OutgoingFile
    from greenbot.messages.drafts.buttons import Button, Buttons, ReplyButtons, buttons_draft, parse_button
    from greenbot.messages.drafts.contact import Contact, read_vcard
    from greenbot.messages.drafts.existing import Forward, Reaction, Typing
    from greenbot.messages.drafts.file import FileByUpload, FileByUrl, file_draft, human_size
    from greenbot.messages.drafts.place import Location
    from greenbot.messages.drafts.poll import Poll
    from greenbot.messages.drafts.status import MediaStatus, TextStatus, VoiceStatus
    from greenbot.messages.drafts.text import CustomPreview, Text

    Draft: TypeAlias = (
        Text
        | FileByUrl
        | FileByUpload
        | Location
        | Contact
        | Poll
        | Buttons
        | ReplyButtons
        | Forward
        | TextStatus
        | VoiceStatus
        | MediaStatus
        | Reaction
        | Typing
    )

__all__ = [
    "KINDS",
    "Button",
    "Buttons",
    "Contact",
    "CustomPreview",
    "Draft",
    "FileByUpload",
    "FileByUrl",
    "Forward",
    "Location",
    "MediaStatus",
    "OutgoingFile",
    "Poll",
    "Reaction",
    "ReplyButtons",
    "Text",
    "TextStatus",
    "Typing",
    "VoiceStatus",
    "buttons_draft",
    "draft_class",
    "draft_from_json",
    "file_draft",
    "human_size",
    "parse_button",
    "read_vcard",
]

#: The name of a kind, as the store knows it -> the name of its class.
KINDS = {
    "text": "Text",
    "file_url": "FileByUrl",
    "file_upload": "FileByUpload",
    "location": "Location",
    "contact": "Contact",
    "poll": "Poll",
    "buttons": "Buttons",
    "reply_buttons": "ReplyButtons",
    "forward": "Forward",
    "text_status": "TextStatus",
    "voice_status": "VoiceStatus",
    "media_status": "MediaStatus",
    "reaction": "Reaction",
    "typing": "Typing",
}

#: Module of `greenbot.messages.drafts` -> what is found there.
_HOMES = {
    "base": ("OutgoingFile",),
    "buttons": ("Button", "Buttons", "ReplyButtons", "buttons_draft", "parse_button"),
    "contact": ("Contact", "read_vcard"),
    "existing": ("Forward", "Reaction", "Typing"),
    "file": ("FileByUpload", "FileByUrl", "file_draft", "human_size"),
    "place": ("Location",),
    "poll": ("Poll",),
    "status": ("MediaStatus", "TextStatus", "VoiceStatus"),
    "text": ("CustomPreview", "Text"),
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names:
                return getattr(import_module(f"greenbot.messages.drafts.{home}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def draft_class(kind: str) -> "type[Draft]":
    """The class of a kind. Raises `BadDraft` for an unknown one."""
    if kind not in KINDS:
        from greenbot.messages.checks import shown

        raise BadDraft(f"There is no kind of message called {shown(kind)}.")
    home = next(home for home, names in _HOMES.items() if KINDS[kind] in names)
    return cast("type[Draft]", getattr(import_module(f"greenbot.messages.drafts.{home}"), KINDS[kind]))


def draft_from_json(kind: str, text: str) -> "Draft":
    """Read back what `to_json` wrote. Raises `BadDraft` for an unknown kind or anything else.

    It looks at no file: an upload from the store is complete without the file it was made from.
    """
    return draft_class(kind).from_json(text)

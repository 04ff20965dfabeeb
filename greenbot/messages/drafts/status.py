"""Stories: a text, a voice recording, a picture or a video for everybody, or for chosen people, for a day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from greenbot.chat_id import STATUS_CHAT, ChatId
from greenbot.errors import BadDraft, BadFile
from greenbot.messages import limits
from greenbot.messages.checks import (
    as_chat_id,
    check_choice,
    check_colour,
    check_different,
    check_file_name,
    check_file_url,
    check_text,
    shown,
)
from greenbot.messages.drafts.base import BaseDraft, given, put, read_list
from greenbot.messages.drafts.file import name_from_url
from greenbot.messages.mime import FILE_TYPES, file_type
from greenbot.safe_text import safe_text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Status(BaseDraft):
    """What stories have in common. Without `participants` everybody in the phone's contacts sees them."""

    chat_id: ClassVar[ChatId] = STATUS_CHAT
    readers: ClassVar[Mapping[str, Callable[[Any], object]]] = {"participants": read_list}

    participants: tuple[ChatId, ...] = ()

    def check_participants(self) -> None:
        put(self, participants=tuple(as_chat_id(one) for one in self.participants))
        for one in self.participants:
            if one.kind not in ("person", "lid"):
                raise BadDraft(
                    f"{shown(one)} is not a person.", hint="Stories are shown to people: give their numbers."
                )
        check_different(self.participants, what="participant")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStatus(_Status):
    """A story of words on a coloured ground."""

    kind: ClassVar[str] = "text_status"
    method: ClassVar[str] = "sendTextStatus"

    text: str
    #: Such as `#228B22`.
    background: str | None = None
    font: str | None = None

    def check(self) -> None:
        check_text(self.text, what="The story", most=limits.STATUS_CHARACTERS, required=True)
        check_colour(self.background)
        check_choice(self.font, limits.STATUS_FONTS, what="The font")
        self.check_participants()

    def params(self) -> dict[str, object]:
        return given(
            message=self.text,
            backgroundColor=self.background,
            font=self.font,
            participants=list(self.participants) or None,
        )

    def content(self) -> tuple[str | None, ...]:
        return (self.text,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileStatus(_Status):
    """A story made of a file that GREEN-API fetches. Without `file_name` the link's own name is used."""

    url: str
    file_name: str | None = None

    def check_file(self, *kinds: str) -> None:
        check_file_url(self.url)
        put(self, file_name=self.file_name or name_from_url(self.url))
        check_file_name(self.file_name, needs_extension=True)
        row = file_type(self.file_name or "")
        if row is None or row.kind not in kinds or row.shown_as == "file":
            known = [known.extension for known in FILE_TYPES if known.kind in kinds and known.shown_as == "shown"]
            wanted = " or ".join(_SPOKEN[kind] for kind in kinds)
            raise BadFile(
                f"{shown(str(self.file_name))} is not {wanted} that WhatsApp shows.",
                hint=f"Use one of: {', '.join(known)}.",
            )


_SPOKEN = {"audio": "a recording", "image": "a picture", "video": "a video"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceStatus(_FileStatus):
    """A story of sound on a coloured ground."""

    kind: ClassVar[str] = "voice_status"
    method: ClassVar[str] = "sendVoiceStatus"

    background: str | None = None

    def check(self) -> None:
        self.check_file("audio")
        check_colour(self.background)
        self.check_participants()

    def params(self) -> dict[str, object]:
        return given(
            urlFile=self.url,
            fileName=self.file_name,
            backgroundColor=self.background,
            participants=list(self.participants) or None,
        )

    def content(self) -> tuple[str | None, ...]:
        return (self.file_name, self.url)

    def summary(self) -> str:
        return safe_text(self.file_name or "", limit=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaStatus(_FileStatus):
    """A story of a picture or a video."""

    kind: ClassVar[str] = "media_status"
    method: ClassVar[str] = "sendMediaStatus"

    caption: str | None = None

    def check(self) -> None:
        self.check_file("image", "video")
        check_text(self.caption, what="The caption", most=limits.CAPTION_CHARACTERS)
        self.check_participants()

    def params(self) -> dict[str, object]:
        return given(
            urlFile=self.url,
            fileName=self.file_name,
            caption=self.caption,
            participants=list(self.participants) or None,
        )

    def content(self) -> tuple[str | None, ...]:
        return (self.file_name, self.caption, self.url)

    def summary(self) -> str:
        return safe_text(" ".join(filter(None, (self.file_name, self.caption))), limit=60)

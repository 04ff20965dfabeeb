"""What all drafts have in common: checked when made, written as JSON, compared by fingerprint."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from greenbot.chat_id import ChatId
from greenbot.digests import sha256
from greenbot.errors import BadDraft
from greenbot.messages import limits
from greenbot.messages.checks import as_chat_id, is_encodable
from greenbot.safe_text import safe_text


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)  # no more than a start needs
class OutgoingFile:
    """A file on this machine that goes with a draft."""

    path: Path
    file_name: str
    mime_type: str
    size_bytes: int


_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseDraft(ABC):
    """Something we want to say. Making one raises `BadDraft`, `BadFile` or `BadChatId` when it cannot be sent."""

    #: The stable name of this kind of draft in the store and in JSON.
    kind: ClassVar[str]
    #: The GREEN-API method that sends it.
    method: ClassVar[str]
    #: How fields that JSON has no type for are read back.
    readers: ClassVar[Mapping[str, Callable[[Any], object]]] = {}

    def __post_init__(self) -> None:
        self.check()
        size_bytes = len(_encode(self.params()).encode())
        if size_bytes > limits.BODY_BYTES:
            most = limits.BODY_BYTES // 1000
            raise BadDraft(
                f"This message has {-(-size_bytes // 1000)} kB with all its parts; at most {most} kB are possible.",
                hint="Shorten the text, the preview picture or the list of recipients.",
            )

    @abstractmethod
    def check(self) -> None:
        """Raise what is wrong with this draft."""

    @abstractmethod
    def params(self) -> dict[str, object]:
        """The fields of the request as GREEN-API spells them."""

    @abstractmethod
    def content(self) -> tuple[str | None, ...]:
        """What the guest would see: two drafts with the same content are the same message."""

    @property
    def file(self) -> OutgoingFile | None:
        """The file that is uploaded with it."""
        return None

    def fingerprint(self) -> str:
        """The same for drafts of one kind that look the same to a guest, whatever spaces surround the words."""
        parts = json.dumps([self.kind, *(normalised(part or "") for part in self.content())])
        return sha256(parts.encode()).hexdigest()[:32]

    def summary(self) -> str:
        """One short line for a person. It quotes the message: not for logs."""
        said = " ".join(filter(None, self.content()))
        return safe_text(" ".join(said.split()), limit=60)

    def to_json(self) -> str:
        """The draft as JSON for the store; `from_json` reads it back."""
        parts = _plain(self)
        text = json.dumps(parts, ensure_ascii=False, allow_nan=False)
        # Only a path can hold bytes that are no text; escaped they survive.
        return text if is_encodable(text) else json.dumps(parts, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote. Raises `BadDraft` for anything else."""
        try:
            found = json.loads(text)
            return cls(**{name: cls.readers.get(name, _as_is)(value) for name, value in found.items()})
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise BadDraft(f"The stored {cls.kind} message cannot be read.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDraft(BaseDraft):
    """A draft for one chat."""

    chat_id: ChatId

    def __post_init__(self) -> None:
        put(self, chat_id=as_chat_id(self.chat_id))
        if self.chat_id.kind == "status":
            raise BadDraft("Stories cannot be addressed like a chat.", hint="Use: greenbot send status TEXT")
        BaseDraft.__post_init__(self)


def put(draft: BaseDraft, **values: object) -> None:
    """Complete a draft while it is being made: it is frozen afterwards."""
    for name, value in values.items():
        object.__setattr__(draft, name, value)


def given(**values: object) -> dict[str, object]:
    """Only the fields that say something: GREEN-API has its own defaults for the rest."""
    return {name: value for name, value in values.items() if value not in (None, "", ())}


def read_list(value: object) -> tuple[object, ...]:
    """A JSON array as a tuple. Raises `TypeError` for anything else."""
    if not isinstance(value, list):
        raise TypeError("not a list")
    return tuple(value)


def normalised(text: str) -> str:
    """Text as it may come back from WhatsApp: composed, one kind of line end, no spaces where lines end."""
    lines = _composed(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def _composed(text: str) -> str:
    if text.isascii():
        return text
    import unicodedata

    return unicodedata.normalize("NFC", text)


def _as_is(value: object) -> object:
    return value


def _plain(value: object) -> object:
    if is_dataclass(value):
        found = {
            field.name: getattr(value, field.name)
            for field in fields(value)
            if _differs(value, field.name, field.default)
        }
        return {name: _plain(part) for name, part in found.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Path) else value


def _differs(holder: object, name: str, default: object) -> bool:
    return default is MISSING or getattr(holder, name) != default

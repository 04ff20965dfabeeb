"""Drafts that are about messages already there: forwarding, reacting; and being seen typing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from greenbot.chat_id import ChatId
from greenbot.errors import BadDraft
from greenbot.messages.checks import as_chat_id, check_different, check_remote_id, check_text, check_typing, shown
from greenbot.messages.drafts.base import ChatDraft, given, put, read_list


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward(ChatDraft):
    """Messages of another chat, passed on."""

    kind: ClassVar[str] = "forward"
    method: ClassVar[str] = "forwardMessages"
    readers: ClassVar[Mapping[str, Callable[[Any], object]]] = {"message_ids": read_list}

    from_chat_id: ChatId
    message_ids: tuple[str, ...]
    typing_ms: int | None = None

    def check(self) -> None:
        put(self, from_chat_id=as_chat_id(self.from_chat_id), message_ids=tuple(self.message_ids))
        if not self.message_ids:
            raise BadDraft("There is no message to forward.", hint="Give at least one id, such as BAE5F4886F6F2D05.")
        for message_id in self.message_ids:
            check_remote_id(message_id)
        check_different(self.message_ids, what="message")
        check_typing(self.typing_ms)

    def params(self) -> dict[str, object]:
        return given(
            chatId=self.chat_id,
            chatIdFrom=self.from_chat_id,
            messages=list(self.message_ids),
            typingTime=self.typing_ms,
        )

    def content(self) -> tuple[str, ...]:
        return (self.from_chat_id, *self.message_ids)

    def summary(self) -> str:
        count = len(self.message_ids)
        return f"{count} message{'s' if count != 1 else ''} from {self.from_chat_id}"


# A keycap, a flag, or a symbol with its variants and what is joined to it: one thing on the screen.
_SYMBOL = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
    "\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
)
_ONE_EMOJI = f"[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}}|{_SYMBOL}(?:\u200d{_SYMBOL})*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction(ChatDraft):
    """An emoji on a message."""

    kind: ClassVar[str] = "reaction"
    method: ClassVar[str] = "sendReaction"

    message_id: str
    emoji: str

    def check(self) -> None:
        check_remote_id(self.message_id)
        check_text(self.emoji, what="The reaction")
        if not self.emoji:
            # Undocumented: it could fail, or leave the old reaction where the user believes it gone.
            raise BadDraft("The reaction is empty.", hint="GREEN-API describes no way to take a reaction back.")
        if not re.fullmatch(_ONE_EMOJI, self.emoji):
            raise BadDraft(f"{shown(self.emoji)} is not one emoji.", hint="Give exactly one, such as 👍")

    def params(self) -> dict[str, object]:
        return {"chatId": self.chat_id, "idMessage": self.message_id, "reaction": self.emoji}

    def content(self) -> tuple[str, ...]:
        return (self.emoji, self.message_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing(ChatDraft):
    """ "typing…" or "recording audio…", seen by the guest for a while."""

    kind: ClassVar[str] = "typing"
    method: ClassVar[str] = "sendTyping"

    typing_ms: int = 5_000
    #: Whether the guest sees "recording audio…" instead of "typing…".
    recording: bool = False

    def check(self) -> None:
        if self.typing_ms is None:
            raise BadDraft("The typing time is missing.", hint="Choose 1s to 20s.")
        check_typing(self.typing_ms)

    def params(self) -> dict[str, object]:
        return given(chatId=self.chat_id, typingTime=self.typing_ms, typingType="recording" if self.recording else None)

    def content(self) -> tuple[str, ...]:
        return ("recording" if self.recording else "typing", f"{self.typing_ms / 1000:g} s")

"""Polls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from greenbot.messages import limits
from greenbot.messages.checks import (
    check_count,
    check_different,
    check_flag,
    check_remote_id,
    check_text,
    check_typing,
)
from greenbot.messages.drafts.base import ChatDraft, given, put, read_list


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll(ChatDraft):
    """A question with answers to choose from."""

    kind: ClassVar[str] = "poll"
    method: ClassVar[str] = "sendPoll"
    readers: ClassVar[Mapping[str, Callable[[Any], object]]] = {"options": read_list}

    question: str
    options: tuple[str, ...]
    #: Whether a guest may choose several.
    multiple_answers: bool = False
    quoted_message_id: str | None = None
    typing_ms: int | None = None

    def check(self) -> None:
        put(self, options=tuple(self.options))
        check_text(self.question, what="The question", most=limits.QUESTION_CHARACTERS, required=True)
        for number, option in enumerate(self.options, start=1):
            check_text(option, what=f"Option {number}", required=True)
        check_count(len(self.options), limits.POLL_OPTIONS, what="options", hint="Add or remove options.")
        check_different(self.options, what="option")
        check_flag(self.multiple_answers, what="Multiple answers")
        if self.quoted_message_id is not None:
            check_remote_id(self.quoted_message_id, what="The id of the quoted message")
        check_typing(self.typing_ms)

    def params(self) -> dict[str, object]:
        return given(
            chatId=self.chat_id,
            message=self.question,
            options=[{"optionName": option} for option in self.options],
            multipleAnswers=self.multiple_answers,
            quotedMessageId=self.quoted_message_id,
            typingTime=self.typing_ms,
        )

    def content(self) -> tuple[str, ...]:
        return (self.question, *self.options)

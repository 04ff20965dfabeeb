"""Messages with buttons: to copy, call or open something, or to answer with one touch."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from greenbot.chat_id import ChatId
from greenbot.errors import BadDraft
from greenbot.messages import limits
from greenbot.messages.checks import (
    as_phone,
    check_choice,
    check_count,
    check_different,
    check_link,
    check_text,
    shown,
)
from greenbot.messages.drafts.base import ChatDraft, given, put, read_list
from greenbot.safe_text import safe_text

#: What a button does -> the name of its value in JSON.
_VALUES = {"copy": "copyCode", "call": "phoneNumber", "url": "url"}
_REPLY = re.compile(r"\s*reply\s*:", re.IGNORECASE)
_EXAMPLES = "Write reply:Label, copy:Label:CODE, call:Label:+380441234567 or url:Label:https://hotel.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One button. `action` is `copy`, `call` or `url`; `value` the code, number or link."""

    action: str
    label: str
    value: str

    def __post_init__(self) -> None:
        check_choice(self.action or "", tuple(_VALUES), what="A button's action")
        check_text(self.label, what="The label of a button", most=limits.BUTTON_CHARACTERS, required=True)
        if self.action == "call":
            number = as_phone(self.value, what=f"The number of the button {shown(self.label)}")
            object.__setattr__(self, "value", "+" + number)
        elif self.action == "url":
            check_link(self.value, what=f"The link of the button {shown(self.label)}")
        else:
            check_text(self.value, what=f"The code of the button {shown(self.label)}", required=True)

    def params(self, button_id: int) -> dict[str, object]:
        """As GREEN-API spells it."""
        value = self.value.removeprefix("+") if self.action == "call" else self.value
        return {
            "type": self.action,
            "buttonId": str(button_id),
            "buttonText": self.label,
            _VALUES[self.action]: value,
        }


def parse_button(text: str) -> Button:
    """Read `copy:Label:CODE`, `call:Label:+380…` or `url:Label:https://…`. Raises `BadDraft`."""
    action, first_colon, rest = text.partition(":")
    label, second_colon, value = rest.partition(":")
    if action.strip().lower() not in _VALUES or not first_colon or not second_colon:
        raise BadDraft(f"{shown(text)} does not describe a button.", hint=_EXAMPLES)
    return Button(action=action.strip().lower(), label=label.strip(), value=value.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons(ChatDraft):
    """A text with up to three buttons that copy, call or open something."""

    kind: ClassVar[str] = "buttons"
    method: ClassVar[str] = "sendInteractiveButtons"
    readers: ClassVar[Mapping[str, Callable[[Any], object]]] = {
        "buttons": lambda buttons: tuple(Button(**button) for button in buttons)
    }

    body: str
    buttons: tuple[Button, ...]
    header: str | None = None
    footer: str | None = None

    def check(self) -> None:
        put(self, buttons=tuple(self.buttons))
        _check_parts(self.header, self.body, self.footer)
        check_count(len(self.buttons), limits.BUTTONS, what="buttons", hint="Keep the three most useful ones.")
        check_different([button.label for button in self.buttons], what="button")

    def params(self) -> dict[str, object]:
        return given(
            chatId=self.chat_id,
            header=self.header,
            body=self.body,
            footer=self.footer,
            buttons=[button.params(number) for number, button in enumerate(self.buttons, start=1)],
        )

    def content(self) -> tuple[str | None, ...]:
        labels = (f"{button.action}:{button.label}:{button.value}" for button in self.buttons)
        return (self.header, self.body, self.footer, *labels)

    def summary(self) -> str:
        return _summary(self.body, [button.label for button in self.buttons])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyButtons(ChatDraft):
    """A text with up to three buttons; the guest answers by touching one."""

    kind: ClassVar[str] = "reply_buttons"
    method: ClassVar[str] = "sendInteractiveButtonsReply"
    readers: ClassVar[Mapping[str, Callable[[Any], object]]] = {"labels": read_list}

    body: str
    labels: tuple[str, ...]
    header: str | None = None
    footer: str | None = None

    def check(self) -> None:
        put(self, labels=tuple(self.labels))
        _check_parts(self.header, self.body, self.footer)
        for label in self.labels:
            check_text(label, what="The label of a button", most=limits.BUTTON_CHARACTERS, required=True)
        check_count(len(self.labels), limits.BUTTONS, what="buttons", hint="Keep the three most useful ones.")
        check_different(self.labels, what="button")

    def params(self) -> dict[str, object]:
        return given(
            chatId=self.chat_id,
            header=self.header,
            body=self.body,
            footer=self.footer,
            buttons=[
                {"buttonId": str(number), "buttonText": label} for number, label in enumerate(self.labels, start=1)
            ],
        )

    def content(self) -> tuple[str | None, ...]:
        return (self.header, self.body, self.footer, *self.labels)

    def summary(self) -> str:
        return _summary(self.body, self.labels)


def buttons_draft(
    chat_id: ChatId, body: str, buttons: Sequence[str], *, header: str | None = None, footer: str | None = None
) -> Buttons | ReplyButtons:
    """The draft for `--button` texts: `reply:Label` or a plain label answers, the others are for `parse_button`.

    Raises `BadDraft`, also when both sorts are mixed: GREEN-API has no message that holds both.
    """
    acting = [text for text in buttons if _action(text) != "reply"]
    if acting and len(acting) < len(buttons):
        plain = next(text for text in buttons if text not in acting)
        raise BadDraft(
            f"The button {shown(plain)} is an answer, but {shown(acting[0])} is not; one message cannot hold both.",
            hint="Send two messages.",
        )
    if acting:
        made = tuple(parse_button(text) for text in buttons)
        return Buttons(chat_id=chat_id, body=body, buttons=made, header=header, footer=footer)
    labels = tuple(_REPLY.sub("", text, count=1).strip() for text in buttons)
    return ReplyButtons(chat_id=chat_id, body=body, labels=labels, header=header, footer=footer)


def _action(text: str) -> str:
    """What the button does. `word:more` means to be a description, misspelt or not: no guest shall read that."""
    action, colon, rest = text.partition(":")
    spoken = action.strip().lower()
    is_meant = spoken in _VALUES or ":" in rest or (spoken.isalpha() and rest[:1].strip() != "")
    return spoken if colon and is_meant else "reply"


def _check_parts(header: str | None, body: str, footer: str | None) -> None:
    check_text(header, what="The header")
    check_text(body, what="The text above the buttons", most=limits.BUTTON_BODY_CHARACTERS, required=True)
    check_text(footer, what="The footer")


def _summary(body: str, labels: Sequence[str]) -> str:
    return safe_text(" ".join(f"{body} {' '.join(f'[{label}]' for label in labels)}".split()), limit=60)

"""Buttons, lists and templates, and what a guest chose of them."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from greenbot.messages.incoming.contents import (
    Button,
    ButtonReply,
    Buttons,
    InteractiveButtons,
    InteractiveReply,
    ListMenu,
    ListReply,
    ListRow,
    ListSection,
    Template,
    TemplateReply,
)
from greenbot.messages.incoming.fields import Fields

Choice: TypeAlias = (
    Buttons | ListMenu | Template | ButtonReply | ListReply | TemplateReply | InteractiveButtons | InteractiveReply
)
_SELECTED: Final = ("selectedId", "selectedDisplayText", "selectedIndex")
#: GREEN-API docs: a template button stands below the name of its kind.
_TEMPLATE_KINDS: Final = {"quickReplyButton": "reply", "urlButton": "url", "callButton": "call"}


def _buttons(data: Fields, kind: str) -> Buttons:
    block = data.block("buttonsMessage")
    return Buttons(
        type=kind,
        text=block.text("contentText"),
        footer=block.text("footer"),
        buttons=tuple(_button(each) for each in block.objects("buttons")),
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
    )


def _button(button: Fields) -> Button:
    return Button(
        kind=button.text("type") or "reply",
        id=button.text("buttonId"),
        text=button.text("buttonText"),
        url=button.text("url"),
        phone=button.text("phoneNumber"),
        copy_code=button.text("copyCode"),
    )


def _list_menu(data: Fields, kind: str) -> ListMenu:
    block = data.block("listMessage")
    return ListMenu(
        type=kind,
        title=block.text("title"),
        text=block.text("contentText"),
        footer=block.text("footer"),
        button_text=block.text("buttonText"),
        sections=tuple(_section(each) for each in block.objects("sections")),
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
    )


def _section(section: Fields) -> ListSection:
    rows = (
        ListRow(id=row.text("rowId"), title=row.text("title"), description=row.text("description"))
        for row in section.objects("rows")
    )
    return ListSection(title=section.text("title"), rows=tuple(rows))


def _template(data: Fields, kind: str) -> Template:
    block = data.block("templateMessage")
    return Template(
        type=kind,
        text=block.text("contentText"),
        footer=block.text("footer"),
        buttons=tuple(_template_button(each) for each in block.objects("buttons")),
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
    )


def _template_button(button: Fields) -> Button:
    name = next((name for name in _TEMPLATE_KINDS if button.has(name)), "quickReplyButton")
    inner = button.block(name)
    return Button(
        kind=_TEMPLATE_KINDS[name],
        id=inner.text("id"),
        text=inner.text("displayText"),
        url=inner.text("url"),
        phone=inner.text("phoneNumber"),
        index=button.whole("index"),
    )


def _button_reply(data: Fields, kind: str) -> ButtonReply:
    block = data.block("buttonsResponseMessage")
    return ButtonReply(
        type=kind,
        target_id=block.text("stanzaId"),
        button_id=block.text("selectedButtonId"),
        text=block.text("selectedButtonText"),
    )


def _list_reply(data: Fields, kind: str) -> ListReply:
    block = data.block("listResponseMessage")
    return ListReply(
        type=kind,
        target_id=block.text("stanzaId"),
        row_id=block.text("singleSelectReply"),
        title=block.text("title"),
        list_type=block.text("listType"),
    )


def _template_reply(data: Fields, kind: str) -> TemplateReply:
    is_plural = data.has("templateButtonsReplyMessage")
    block = data.block("templateButtonsReplyMessage" if is_plural else "templateButtonReplyMessage")
    return TemplateReply(
        type=kind,
        target_id=block.text("stanzaId"),
        button_id=block.text("selectedId"),
        text=block.text("selectedDisplayText"),
        index=block.whole("selectedIndex"),
    )


def _interactive(data: Fields, kind: str) -> InteractiveButtons | InteractiveReply:
    block = data.block(kind)
    # Vendor SDKs disagree whether interactiveButtonsReply is the question or the answer: the fields tell.
    if block.has(*_SELECTED):
        return _interactive_reply(data, kind)
    return InteractiveButtons(
        type=kind,
        title=block.first_text("titleText", "header"),
        text=block.first_text("contentText", "body"),
        footer=block.first_text("footerText", "footer"),
        buttons=tuple(_button(each) for each in block.objects("buttons")),
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
    )


def _interactive_reply(data: Fields, kind: str) -> InteractiveReply:
    block = data.block(kind)
    return InteractiveReply(
        type=kind,
        target_id=block.text("stanzaId"),
        button_id=block.text("selectedId"),
        text=block.text("selectedDisplayText"),
        index=block.whole("selectedIndex"),
    )


MAKERS: Final[Mapping[str, Callable[[Fields, str], Choice]]] = {
    "buttonsMessage": _buttons,
    "listMessage": _list_menu,
    "templateMessage": _template,
    "buttonsResponseMessage": _button_reply,
    "listResponseMessage": _list_reply,
    "templateButtonsReplyMessage": _template_reply,
    "templateButtonReplyMessage": _template_reply,
    "interactiveButtons": _interactive,
    "interactiveButtonsReply": _interactive,
    "interactiveButtonsResponse": _interactive_reply,
}

"""Text messages and the preview of a link in them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from greenbot.errors import BadDraft
from greenbot.messages import limits
from greenbot.messages.checks import (
    check_choice,
    check_flag,
    check_link,
    check_remote_id,
    check_text,
    check_typing,
    has_link,
)
from greenbot.messages.drafts.base import ChatDraft, given

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)  # no more than a start needs
class CustomPreview:
    """The preview of a link in our own words instead of the page's (GREEN-API docs: sendMessage, customPreview)."""

    title: str
    description: str | None = None
    link: str | None = None
    image_url: str | None = None
    #: A JPEG in base64, instead of `image_url`.
    thumbnail: str | None = None

    def __post_init__(self) -> None:
        check_text(self.title, what="The title of the preview", most=limits.PREVIEW_CHARACTERS, required=True)
        check_text(self.description, what="The description of the preview", most=limits.PREVIEW_CHARACTERS)
        check_text(self.link, what="The link of the preview", most=limits.PREVIEW_CHARACTERS)
        for name, link in (("link", self.link), ("picture link", self.image_url)):
            if link:
                check_link(link, what=f"The {name} of the preview")
        check_text(self.thumbnail, what="The picture of the preview")
        if self.thumbnail and not _BASE64.fullmatch(self.thumbnail):
            raise BadDraft(
                "The picture of the preview is not base64.", hint="Give a JPEG in base64, or a link to a picture."
            )

    def params(self) -> dict[str, object]:
        """As GREEN-API spells it."""
        return given(
            title=self.title,
            description=self.description,
            link=self.link,
            urlFile=self.image_url,
            jpegThumbnail=self.thumbnail,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)  # no more than a start needs
class Text(ChatDraft):
    """A text, with WhatsApp's marks for *bold*, _italic_ and ~strike~."""

    kind: ClassVar[str] = "text"
    method: ClassVar[str] = "sendMessage"
    readers: ClassVar[Mapping[str, Callable[[Any], object]]] = {"custom_preview": lambda parts: CustomPreview(**parts)}

    text: str
    quoted_message_id: str | None = None
    #: None leaves it to the setting of the instance.
    link_preview: bool | None = None
    #: `large` or `small`.
    preview_size: str | None = None
    custom_preview: CustomPreview | None = None
    typing_ms: int | None = None

    def check(self) -> None:
        check_text(self.text, what="The message", most=limits.TEXT_CHARACTERS, required=True)
        if self.quoted_message_id is not None:
            check_remote_id(self.quoted_message_id, what="The id of the quoted message")
        check_flag(self.link_preview, what="The link preview")
        check_choice(self.preview_size, limits.PREVIEW_SIZES, what="The preview size")
        check_typing(self.typing_ms)
        if self.preview_size or self.custom_preview:
            self._check_preview()

    def _check_preview(self) -> None:
        if not has_link(self.text):
            raise BadDraft(
                "A preview needs a link in the message, and there is none.",
                hint="Put a link that begins with https:// into the text, or leave the preview out.",
            )
        if self.link_preview is False:
            raise BadDraft("The preview is described and switched off at once.", hint="Leave one of the two out.")

    def params(self) -> dict[str, object]:
        return given(
            chatId=self.chat_id,
            message=self.text,
            quotedMessageId=self.quoted_message_id,
            linkPreview=self.link_preview,
            typePreview=self.preview_size,
            customPreview=self.custom_preview and self.custom_preview.params(),
            typingTime=self.typing_ms,
        )

    def content(self) -> tuple[str, ...]:
        return (self.text,)

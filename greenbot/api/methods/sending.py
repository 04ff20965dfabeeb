"""GREEN-API docs, section Sending, as typed methods."""

from collections.abc import Mapping, Sequence
from typing import cast

from greenbot.api.body import OnProgress, OutgoingFileLike, ignore_progress
from greenbot.api.methods.base import Methods
from greenbot.api.replies import Forwarded, Sent, StoredFile


class SendingMethods(Methods):
    """One method per row of the catalogue; each raises the GreenbotError of a failed call."""

    async def send_message(
        self,
        chat_id: str,
        message: str,
        *,
        quoted_message_id: str | None = None,
        link_preview: bool | None = None,
        type_preview: str | None = None,
        custom_preview: Mapping[str, object] | None = None,
        typing_ms: int | None = None,
    ) -> Sent:
        """Send a text."""
        return cast(
            "Sent",
            await self.call(
                "sendMessage",
                {
                    "chatId": chat_id,
                    "message": message,
                    "quotedMessageId": quoted_message_id,
                    "linkPreview": link_preview,
                    "typePreview": type_preview,
                    "customPreview": custom_preview,
                    "typingTime": typing_ms,
                },
            ),
        )

    async def send_file_by_upload(
        self,
        chat_id: str,
        file: OutgoingFileLike,
        *,
        file_name: str | None = None,
        caption: str | None = None,
        quoted_message_id: str | None = None,
        typing_ms: int | None = None,
        typing_type: str | None = None,
        on_progress: OnProgress = ignore_progress,
    ) -> Sent:
        """Send a file from this machine."""
        return cast(
            "Sent",
            await self.call(
                "sendFileByUpload",
                {
                    "chatId": chat_id,
                    "fileName": file_name,
                    "caption": caption,
                    "quotedMessageId": quoted_message_id,
                    "typingTime": typing_ms,
                    "typingType": typing_type,
                },
                file=file,
                on_progress=on_progress,
            ),
        )

    async def send_file_by_url(
        self,
        chat_id: str,
        url_file: str,
        file_name: str,
        *,
        caption: str | None = None,
        quoted_message_id: str | None = None,
        typing_ms: int | None = None,
        typing_type: str | None = None,
    ) -> Sent:
        """Send a file that GREEN-API fetches from a link."""
        return cast(
            "Sent",
            await self.call(
                "sendFileByUrl",
                {
                    "chatId": chat_id,
                    "urlFile": url_file,
                    "fileName": file_name,
                    "caption": caption,
                    "quotedMessageId": quoted_message_id,
                    "typingTime": typing_ms,
                    "typingType": typing_type,
                },
            ),
        )

    async def upload_file(self, file: OutgoingFileLike, *, on_progress: OnProgress = ignore_progress) -> StoredFile:
        """Store a file for 15 days to send it by link, many times."""
        return cast("StoredFile", await self.call("uploadFile", file=file, on_progress=on_progress))

    async def send_location(
        self,
        chat_id: str,
        latitude: float,
        longitude: float,
        *,
        name_location: str | None = None,
        address: str | None = None,
        quoted_message_id: str | None = None,
        typing_ms: int | None = None,
    ) -> Sent:
        """Send a place."""
        return cast(
            "Sent",
            await self.call(
                "sendLocation",
                {
                    "chatId": chat_id,
                    "latitude": latitude,
                    "longitude": longitude,
                    "nameLocation": name_location,
                    "address": address,
                    "quotedMessageId": quoted_message_id,
                    "typingTime": typing_ms,
                },
            ),
        )

    async def send_contact(
        self,
        chat_id: str,
        contact: Mapping[str, object],
        *,
        quoted_message_id: str | None = None,
        typing_ms: int | None = None,
    ) -> Sent:
        """Send a contact card."""
        return cast(
            "Sent",
            await self.call(
                "sendContact",
                {"chatId": chat_id, "contact": contact, "quotedMessageId": quoted_message_id, "typingTime": typing_ms},
            ),
        )

    async def send_poll(
        self,
        chat_id: str,
        message: str,
        options: Sequence[object],
        *,
        multiple_answers: bool | None = None,
        quoted_message_id: str | None = None,
        typing_ms: int | None = None,
    ) -> Sent:
        """Ask a question with answers to choose from."""
        return cast(
            "Sent",
            await self.call(
                "sendPoll",
                {
                    "chatId": chat_id,
                    "message": message,
                    "options": options,
                    "multipleAnswers": multiple_answers,
                    "quotedMessageId": quoted_message_id,
                    "typingTime": typing_ms,
                },
            ),
        )

    async def forward_messages(
        self, chat_id: str, chat_id_from: str, messages: Sequence[str], *, typing_ms: int | None = None
    ) -> Forwarded:
        """Forward messages of another chat."""
        return cast(
            "Forwarded",
            await self.call(
                "forwardMessages",
                {"chatId": chat_id, "chatIdFrom": chat_id_from, "messages": messages, "typingTime": typing_ms},
            ),
        )

    async def send_interactive_buttons(
        self,
        chat_id: str,
        body: str,
        buttons: Sequence[object],
        *,
        header: str | None = None,
        footer: str | None = None,
    ) -> Sent:
        """Send a text with buttons that copy, call or open a link."""
        return cast(
            "Sent",
            await self.call(
                "sendInteractiveButtons",
                {"chatId": chat_id, "header": header, "body": body, "footer": footer, "buttons": buttons},
            ),
        )

    async def send_interactive_buttons_reply(
        self,
        chat_id: str,
        body: str,
        buttons: Sequence[object],
        *,
        header: str | None = None,
        footer: str | None = None,
    ) -> Sent:
        """Send a text with buttons that answer."""
        return cast(
            "Sent",
            await self.call(
                "sendInteractiveButtonsReply",
                {"chatId": chat_id, "header": header, "body": body, "footer": footer, "buttons": buttons},
            ),
        )

    async def send_typing(self, chat_id: str, typing_ms: int, *, typing_type: str | None = None) -> None:
        """Show 'typing' or 'recording' in a chat."""
        await self.call("sendTyping", {"chatId": chat_id, "typingTime": typing_ms, "typingType": typing_type})

    async def send_reaction(self, chat_id: str, id_message: str, reaction: str) -> Sent:
        """React to a message with an emoji."""
        return cast(
            "Sent", await self.call("sendReaction", {"chatId": chat_id, "idMessage": id_message, "reaction": reaction})
        )

    async def send_buttons(self, chat_id: str, params: Mapping[str, object]) -> Sent:
        """Send old-style buttons."""
        return cast("Sent", await self.call("sendButtons", {"chatId": chat_id, **params}))

    async def send_template_buttons(self, chat_id: str, params: Mapping[str, object]) -> Sent:
        """Send old-style template buttons."""
        return cast("Sent", await self.call("sendTemplateButtons", {"chatId": chat_id, **params}))

    async def send_list_message(self, chat_id: str, params: Mapping[str, object]) -> Sent:
        """Send a list to choose from."""
        return cast("Sent", await self.call("sendListMessage", {"chatId": chat_id, **params}))

    async def send_template(self, chat_id: str, params: Mapping[str, object]) -> Sent:
        """Send a template."""
        return cast("Sent", await self.call("sendTemplate", {"chatId": chat_id, **params}))

    async def send_link(self, chat_id: str, url_link: str, *, quoted_message_id: str | None = None) -> Sent:
        """Send a link; use sendMessage."""
        return cast(
            "Sent",
            await self.call("sendLink", {"chatId": chat_id, "urlLink": url_link, "quotedMessageId": quoted_message_id}),
        )

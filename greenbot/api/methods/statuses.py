"""GREEN-API docs, section Statuses, as typed methods."""

from collections.abc import Sequence
from typing import cast

from greenbot.api.methods.base import Methods
from greenbot.api.replies import JournalMessage, Sent, StatusView


class StatusMethods(Methods):
    """One method per row of the catalogue; each raises the GreenbotError of a failed call."""

    async def send_text_status(
        self,
        message: str,
        *,
        background_color: str | None = None,
        font: str | None = None,
        participants: Sequence[object] | None = None,
    ) -> Sent:
        """Publish a text status."""
        return cast(
            "Sent",
            await self.call(
                "sendTextStatus",
                {"message": message, "backgroundColor": background_color, "font": font, "participants": participants},
            ),
        )

    async def send_voice_status(
        self,
        url_file: str,
        file_name: str,
        *,
        background_color: str | None = None,
        participants: Sequence[object] | None = None,
    ) -> Sent:
        """Publish a voice status."""
        return cast(
            "Sent",
            await self.call(
                "sendVoiceStatus",
                {
                    "urlFile": url_file,
                    "fileName": file_name,
                    "backgroundColor": background_color,
                    "participants": participants,
                },
            ),
        )

    async def send_media_status(
        self, url_file: str, file_name: str, *, caption: str | None = None, participants: Sequence[object] | None = None
    ) -> Sent:
        """Publish a picture or a video."""
        return cast(
            "Sent",
            await self.call(
                "sendMediaStatus",
                {"urlFile": url_file, "fileName": file_name, "caption": caption, "participants": participants},
            ),
        )

    async def delete_status(self, id_message: str) -> None:
        """Take a status back."""
        await self.call("deleteStatus", {"idMessage": id_message})

    async def get_status_statistic(self, id_message: str) -> list[StatusView]:
        """Read who saw a status."""
        return cast("list[StatusView]", await self.call("getStatusStatistic", {"idMessage": id_message}))

    async def get_incoming_statuses(self, *, minutes: int | None = None) -> list[JournalMessage]:
        """Read recent statuses of others."""
        return cast("list[JournalMessage]", await self.call("getIncomingStatuses", {"minutes": minutes}))

    async def get_outgoing_statuses(self, *, minutes: int | None = None) -> list[JournalMessage]:
        """Read our recent statuses."""
        return cast("list[JournalMessage]", await self.call("getOutgoingStatuses", {"minutes": minutes}))

"""GREEN-API docs, section Receiving, as typed methods."""

from typing import cast

from greenbot.api.methods.base import Methods
from greenbot.api.replies import Deleted, FileLink, Notification


class ReceivingMethods(Methods):
    """One method per row of the catalogue; each raises the GreenbotError of a failed call."""

    async def receive_notification(self, *, receive_timeout_seconds: int | None = None) -> Notification | None:
        """Wait for the oldest notification; it returns until it is deleted."""
        return cast(
            "Notification | None", await self.call("receiveNotification", {"receiveTimeout": receive_timeout_seconds})
        )

    async def delete_notification(self, receipt_id: int) -> Deleted:
        """Delete a received notification, so that the next one can come."""
        return cast("Deleted", await self.call("deleteNotification", {"receiptId": receipt_id}))

    async def download_file(self, chat_id: str, id_message: str) -> FileLink | bytes:
        """Get a fresh link to the file of a message."""
        return cast("FileLink | bytes", await self.call("downloadFile", {"chatId": chat_id, "idMessage": id_message}))

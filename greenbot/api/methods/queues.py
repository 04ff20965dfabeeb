"""GREEN-API docs, section Queues, as typed methods."""

from typing import cast

from greenbot.api.methods.base import Methods
from greenbot.api.replies import Cleared, Count, QueuedMessage


class QueueMethods(Methods):
    """One method per row of the catalogue; each raises the GreenbotError of a failed call."""

    async def show_messages_queue(self) -> list[QueuedMessage]:
        """Read the messages that wait to be sent; the next one is hidden."""
        return cast("list[QueuedMessage]", await self.call("showMessagesQueue"))

    async def clear_messages_queue(self) -> Cleared:
        """Throw away every message that waits to be sent."""
        return cast("Cleared", await self.call("clearMessagesQueue"))

    async def get_messages_count(self) -> Count:
        """Count the messages that wait to be sent."""
        return cast("Count", await self.call("getMessagesCount"))

    async def get_webhooks_count(self) -> Count:
        """Count the notifications that wait to be delivered."""
        return cast("Count", await self.call("getWebhooksCount"))

    async def clear_webhooks_queue(self) -> Cleared:
        """Throw away every notification that waits; once a minute."""
        return cast("Cleared", await self.call("clearWebhooksQueue"))

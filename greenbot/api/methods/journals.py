"""GREEN-API docs, section Journals, as typed methods."""

from typing import cast

from greenbot.api.methods.base import Methods
from greenbot.api.replies import CallRecording, JournalCall, JournalMessage


class JournalMethods(Methods):
    """One method per row of the catalogue; each raises the GreenbotError of a failed call."""

    async def get_chat_history(self, chat_id: str, *, count: int | None = None) -> list[JournalMessage]:
        """Read the messages of a chat, newest first."""
        return cast("list[JournalMessage]", await self.call("getChatHistory", {"chatId": chat_id, "count": count}))

    async def get_message(self, chat_id: str, id_message: str) -> JournalMessage:
        """Read one message."""
        return cast("JournalMessage", await self.call("getMessage", {"chatId": chat_id, "idMessage": id_message}))

    async def last_incoming_messages(self, *, minutes: int | None = None) -> list[JournalMessage]:
        """Read recent incoming messages of all chats."""
        return cast("list[JournalMessage]", await self.call("lastIncomingMessages", {"minutes": minutes}))

    async def last_outgoing_messages(self, *, minutes: int | None = None) -> list[JournalMessage]:
        """Read recent outgoing messages of all chats."""
        return cast("list[JournalMessage]", await self.call("lastOutgoingMessages", {"minutes": minutes}))

    async def last_incoming_calls(self, *, minutes: int | None = None) -> list[JournalCall]:
        """Read recent incoming calls."""
        return cast("list[JournalCall]", await self.call("lastIncomingCalls", {"minutes": minutes}))

    async def last_outgoing_calls(self, *, minutes: int | None = None) -> list[JournalCall]:
        """Read recent outgoing calls."""
        return cast("list[JournalCall]", await self.call("lastOutgoingCalls", {"minutes": minutes}))

    async def get_call_recording(self, id_message: str) -> CallRecording:
        """Get a link to the recording of a call."""
        return cast("CallRecording", await self.call("getCallRecording", {"idMessage": id_message}))

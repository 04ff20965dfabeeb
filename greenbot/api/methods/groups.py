"""GREEN-API docs, section Groups, as typed methods."""

from collections.abc import Sequence
from typing import cast

from greenbot.api.body import OnProgress, OutgoingFileLike, ignore_progress
from greenbot.api.methods.base import JsonObject, Methods
from greenbot.api.replies import CreatedGroup, GroupData, PictureSet


class GroupMethods(Methods):
    """One method per row of the catalogue; each raises the GreenbotError of a failed call."""

    async def create_group(self, group_name: str, chat_ids: Sequence[str]) -> CreatedGroup:
        """Create a group."""
        return cast("CreatedGroup", await self.call("createGroup", {"groupName": group_name, "chatIds": chat_ids}))

    async def update_group_name(self, group_id: str, group_name: str) -> JsonObject:
        """Rename a group."""
        return cast(JsonObject, await self.call("updateGroupName", {"groupId": group_id, "groupName": group_name}))

    async def get_group_data(self, group_id: str) -> GroupData:
        """Read a group and its members."""
        return cast("GroupData", await self.call("getGroupData", {"groupId": group_id}))

    async def add_group_participant(self, group_id: str, participant_chat_id: str) -> JsonObject:
        """Add a member."""
        return cast(
            JsonObject,
            await self.call("addGroupParticipant", {"groupId": group_id, "participantChatId": participant_chat_id}),
        )

    async def remove_group_participant(self, group_id: str, participant_chat_id: str) -> JsonObject:
        """Remove a member."""
        return cast(
            JsonObject,
            await self.call("removeGroupParticipant", {"groupId": group_id, "participantChatId": participant_chat_id}),
        )

    async def set_group_admin(self, group_id: str, participant_chat_id: str) -> JsonObject:
        """Make a member administrator."""
        return cast(
            JsonObject,
            await self.call("setGroupAdmin", {"groupId": group_id, "participantChatId": participant_chat_id}),
        )

    async def remove_admin(self, group_id: str, participant_chat_id: str) -> JsonObject:
        """Take the administrator's rights from a member."""
        return cast(
            JsonObject, await self.call("removeAdmin", {"groupId": group_id, "participantChatId": participant_chat_id})
        )

    async def set_group_picture(
        self, group_id: str, file: OutgoingFileLike, *, on_progress: OnProgress = ignore_progress
    ) -> PictureSet:
        """Change the picture of a group."""
        return cast(
            "PictureSet", await self.call("setGroupPicture", {"groupId": group_id}, file=file, on_progress=on_progress)
        )

    async def leave_group(self, group_id: str) -> JsonObject:
        """Leave a group."""
        return cast(JsonObject, await self.call("leaveGroup", {"groupId": group_id}))

    async def update_group_settings(
        self,
        group_id: str,
        *,
        allow_participants_edit_group_settings: bool | None = None,
        allow_participants_send_messages: bool | None = None,
    ) -> JsonObject:
        """Change what members may do."""
        return cast(
            JsonObject,
            await self.call(
                "updateGroupSettings",
                {
                    "groupId": group_id,
                    "allowParticipantsEditGroupSettings": allow_participants_edit_group_settings,
                    "allowParticipantsSendMessages": allow_participants_send_messages,
                },
            ),
        )

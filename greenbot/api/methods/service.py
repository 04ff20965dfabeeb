"""GREEN-API docs, section Service, as typed methods."""

from typing import cast

from greenbot.api.methods.base import JsonObject, Methods
from greenbot.api.replies import Avatar, Chat, Checked, Contact, ContactInfo, Disappearing, Sent


class ServiceMethods(Methods):
    """One method per row of the catalogue; each raises the GreenbotError of a failed call."""

    async def read_chat(self, chat_id: str, *, id_message: str | None = None) -> JsonObject:
        """Mark messages of a chat as read."""
        return cast(JsonObject, await self.call("readChat", {"chatId": chat_id, "idMessage": id_message}))

    async def check_whatsapp(
        self, *, chat_id: str | None = None, phone_number: int | None = None, force: bool | None = None
    ) -> Checked:
        """Ask whether a number has WhatsApp; counts against a monthly quota."""
        return cast(
            "Checked",
            await self.call("checkWhatsapp", {"chatId": chat_id, "phoneNumber": phone_number, "force": force}),
        )

    async def get_avatar(self, chat_id: str) -> Avatar:
        """Get the link to a chat's picture."""
        return cast("Avatar", await self.call("getAvatar", {"chatId": chat_id}))

    async def get_contacts(self, *, group: bool | None = None, count: int | None = None) -> list[Contact]:
        """Read the contacts; the list is often incomplete."""
        return cast("list[Contact]", await self.call("getContacts", {"group": group, "count": count}))

    async def get_chats(self, *, count: int | None = None) -> list[Chat]:
        """Read the chats, latest activity first."""
        return cast("list[Chat]", await self.call("getChats", {"count": count}))

    async def get_contact_info(self, chat_id: str) -> ContactInfo:
        """Read everything about a contact."""
        return cast("ContactInfo", await self.call("getContactInfo", {"chatId": chat_id}))

    async def add_contact(
        self, chat_id: str, first_name: str, *, last_name: str | None = None, save_in_addressbook: bool | None = None
    ) -> JsonObject:
        """Add a contact; may take a minute."""
        return cast(
            JsonObject,
            await self.call(
                "addContact",
                {
                    "chatId": chat_id,
                    "firstName": first_name,
                    "lastName": last_name,
                    "saveInAddressbook": save_in_addressbook,
                },
            ),
        )

    async def edit_contact(
        self, chat_id: str, first_name: str, *, last_name: str | None = None, save_in_addressbook: bool | None = None
    ) -> JsonObject:
        """Rename a contact; may take a minute."""
        return cast(
            JsonObject,
            await self.call(
                "editContact",
                {
                    "chatId": chat_id,
                    "firstName": first_name,
                    "lastName": last_name,
                    "saveInAddressbook": save_in_addressbook,
                },
            ),
        )

    async def delete_contact(self, chat_id: str) -> JsonObject:
        """Delete a contact; may take a minute."""
        return cast(JsonObject, await self.call("deleteContact", {"chatId": chat_id}))

    async def edit_message(self, chat_id: str, id_message: str, message: str) -> Sent:
        """Change the text of a message, within 15 minutes; a 200 does not prove it worked."""
        return cast(
            "Sent", await self.call("editMessage", {"chatId": chat_id, "idMessage": id_message, "message": message})
        )

    async def delete_message(self, chat_id: str, id_message: str, *, only_sender_delete: bool | None = None) -> None:
        """Delete a message."""
        await self.call(
            "deleteMessage", {"chatId": chat_id, "idMessage": id_message, "onlySenderDelete": only_sender_delete}
        )

    async def archive_chat(self, chat_id: str) -> None:
        """Put a chat into the archive."""
        await self.call("archiveChat", {"chatId": chat_id})

    async def unarchive_chat(self, chat_id: str) -> None:
        """Take a chat out of the archive."""
        await self.call("unarchiveChat", {"chatId": chat_id})

    async def set_disappearing_chat(self, chat_id: str, ephemeral_expiration_seconds: int) -> Disappearing:
        """Let messages of a chat disappear after a time."""
        return cast(
            "Disappearing",
            await self.call(
                "setDisappearingChat", {"chatId": chat_id, "ephemeralExpiration": ephemeral_expiration_seconds}
            ),
        )

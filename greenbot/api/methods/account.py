"""GREEN-API docs, section Account, as typed methods."""

from collections.abc import Mapping
from typing import cast

from greenbot.api.body import OnProgress, OutgoingFileLike, ignore_progress
from greenbot.api.methods.base import JsonObject, Methods
from greenbot.api.replies import AuthorizationCode, NewToken, PastState, PictureSet, Qr, State, WaSettings


class AccountMethods(Methods):
    """One method per row of the catalogue; each raises the GreenbotError of a failed call."""

    async def get_settings(self) -> JsonObject:
        """Read the settings of the instance."""
        return cast(JsonObject, await self.call("getSettings"))

    async def set_settings(self, settings: Mapping[str, object]) -> JsonObject:
        """Change settings; this restarts the instance for up to 5 minutes."""
        return cast(JsonObject, await self.call("setSettings", settings))

    async def get_wa_settings(self) -> WaSettings:
        """Read the WhatsApp account: phone, avatar, device, state."""
        return cast("WaSettings", await self.call("getWaSettings"))

    async def get_state_instance(self) -> State | None:
        """Read whether the number is linked and working."""
        return cast("State | None", await self.call("getStateInstance"))

    async def get_state_instance_history(self, *, count: int | None = None) -> list[PastState]:
        """Read past states, oldest first."""
        return cast("list[PastState]", await self.call("getStateInstanceHistory", {"count": count}))

    async def get_status_instance(self) -> JsonObject:
        """Read the state of the phone's socket."""
        return cast(JsonObject, await self.call("getStatusInstance"))

    async def reboot(self) -> JsonObject:
        """Restart the instance."""
        return cast(JsonObject, await self.call("reboot"))

    async def logout(self) -> JsonObject:
        """Unlink the phone; the QR code must be scanned again."""
        return cast(JsonObject, await self.call("logout"))

    async def qr(self) -> Qr:
        """Get the QR code to link a phone; it changes every 20 seconds."""
        return cast("Qr", await self.call("qr"))

    async def scanqrcode(self) -> JsonObject:
        """Follow the QR code over a WebSocket."""
        return cast(JsonObject, await self.call("scanqrcode"))

    async def get_authorization_code(self, phone_number: int) -> AuthorizationCode:
        """Get a code to type into the phone instead of scanning."""
        return cast("AuthorizationCode", await self.call("getAuthorizationCode", {"phoneNumber": phone_number}))

    async def set_profile_picture(
        self, file: OutgoingFileLike, *, on_progress: OnProgress = ignore_progress
    ) -> PictureSet:
        """Change the picture of the account."""
        return cast("PictureSet", await self.call("setProfilePicture", file=file, on_progress=on_progress))

    async def update_api_token(self) -> NewToken:
        """Replace the token of the instance; the old one stops working."""
        return cast("NewToken", await self.call("updateApiToken"))

    async def get_device_info(self) -> JsonObject:
        """Read facts about the phone."""
        return cast(JsonObject, await self.call("getDeviceInfo"))

    async def set_system_proxy(self) -> JsonObject:
        """Go back to GREEN-API's own proxy."""
        return cast(JsonObject, await self.call("setSystemProxy"))

"""GREEN-API docs, section Partner, as typed methods."""

from collections.abc import Mapping
from typing import cast

from greenbot.api.methods.base import JsonObject, Methods
from greenbot.api.replies import PartnerInstance


class PartnerMethods(Methods):
    """One method per row of the catalogue; each raises the GreenbotError of a failed call."""

    async def get_instances(self) -> list[PartnerInstance]:
        """Read all instances of the partner, with their tokens."""
        return cast("list[PartnerInstance]", await self.call("getInstances"))

    async def create_instance(
        self, *, name: str | None = None, settings: Mapping[str, object] | None = None
    ) -> PartnerInstance:
        """Create an instance; it is billed."""
        return cast("PartnerInstance", await self.call("createInstance", {"name": name, **(settings or {})}))

    async def delete_instance_account(self, id_instance: int) -> JsonObject:
        """Delete an instance; log its phone out first."""
        return cast(JsonObject, await self.call("deleteInstanceAccount", {"idInstance": id_instance}))

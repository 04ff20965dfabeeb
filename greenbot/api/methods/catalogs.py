"""GREEN-API docs, section Catalogs, as typed methods."""

from collections.abc import Mapping, Sequence
from typing import cast

from greenbot.api.methods.base import JsonObject, Methods
from greenbot.api.replies import Sent


class CatalogMethods(Methods):
    """One method per row of the catalogue; each raises the GreenbotError of a failed call."""

    async def get_products(self, params: Mapping[str, object]) -> object:
        """Read the products of a catalog."""
        return await self.call("getProducts", params)

    async def get_product(self, params: Mapping[str, object]) -> object:
        """Read one product."""
        return await self.call("getProduct", params)

    async def get_collections(self, params: Mapping[str, object]) -> object:
        """Read the collections of a catalog."""
        return await self.call("getCollections", params)

    async def get_collection(self, params: Mapping[str, object]) -> object:
        """Read one collection."""
        return await self.call("getCollection", params)

    async def get_order_details(
        self, order_id: str, token: str, seller_jid: str, params: Mapping[str, object]
    ) -> object:
        """Read what a guest ordered."""
        return await self.call(
            "getOrderDetails", {"orderId": order_id, "token": token, "sellerJid": seller_jid, **params}
        )

    async def create_collection(
        self, name: str, product_ids: Sequence[object], params: Mapping[str, object]
    ) -> JsonObject:
        """Group products."""
        return cast(
            JsonObject, await self.call("createCollection", {"name": name, "productIds": product_ids, **params})
        )

    async def create_product(self, params: Mapping[str, object]) -> None:
        """Add a product."""
        await self.call("createProduct", params)

    async def edit_product(self, params: Mapping[str, object]) -> None:
        """Change a product."""
        await self.call("editProduct", params)

    async def delete_product(self, params: Mapping[str, object]) -> None:
        """Delete products."""
        await self.call("deleteProduct", params)

    async def edit_collection(self, params: Mapping[str, object]) -> None:
        """Change a collection; its id changes too."""
        await self.call("editCollection", params)

    async def delete_collection(self, params: Mapping[str, object]) -> None:
        """Delete a collection."""
        await self.call("deleteCollection", params)

    async def move_collections(self, params: Mapping[str, object]) -> None:
        """Change the order of collections."""
        await self.call("moveCollections", params)

    async def send_product(self, chat_id: str, params: Mapping[str, object]) -> Sent:
        """Send a product to a chat."""
        return cast("Sent", await self.call("sendProduct", {"chatId": chat_id, **params}))

    async def send_order(self, chat_id: str, params: Mapping[str, object]) -> Sent:
        """Send an order to a chat."""
        return cast("Sent", await self.call("sendOrder", {"chatId": chat_id, **params}))

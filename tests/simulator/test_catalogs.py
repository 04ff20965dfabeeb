"""Products, collections and orders of a business account."""

from __future__ import annotations

from typing import Any

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.world import Instance, World
from tests.simulator.conftest import GUEST, Api


async def collection(api: Api, name: str) -> str:
    answer: Any = (await api.post("createCollection", {"name": name, "productIds": ["1"]})).json
    return str(answer["collectionId"])


async def names(api: Api) -> list[str]:
    answer: Any = (await api.post("getCollections")).json
    return [each["name"] for each in answer["collections"]]


async def test_the_life_of_a_product(api: Api) -> None:
    assert (await api.post("createProduct", {"name": "Massage", "price": 40})).body == b""
    listing: Any = (await api.post("getProducts")).json
    (product,) = listing["products"]
    named = {"productId": product["productId"]}
    await api.post("editProduct", {**named, "price": 45})
    assert (await api.post("getProduct", named)).json == {**product, "price": 45}
    assert (await api.post("deleteProduct", {"productIds": [product["productId"]]})).status == 200
    assert (await api.post("getProduct", named)).status == 400
    assert (await api.post("deleteProduct", named)).status == 400


async def test_the_life_of_collections(api: Api) -> None:
    spa, bar = await collection(api, "Spa"), await collection(api, "Bar")
    assert await names(api) == ["Spa", "Bar"]
    assert (await api.post("moveCollections", {"collectionIds": [bar, spa]})).status == 200
    assert await names(api) == ["Bar", "Spa"]
    assert (await api.post("moveCollections", {"collectionIds": [bar]})).status == 400
    await api.post("editCollection", {"collectionId": bar, "name": "Beach bar"})
    assert (await api.post("getCollection", {"collectionId": bar})).status == 400
    assert await names(api) == ["Spa", "Beach bar"]
    await api.post("deleteCollection", {"collectionId": spa})
    assert await names(api) == ["Beach bar"]


@pytest.mark.parametrize(("method", "type_message"), [("sendProduct", "productMessage"), ("sendOrder", "orderMessage")])
async def test_products_and_orders_are_sent_like_messages(
    api: Api, world: World, clock: SimClock, method: str, type_message: str
) -> None:
    answer: Any = (await api.post(method, {"chatId": GUEST, "productId": "1"})).json
    await clock.advance(5)
    (received,) = world.inbox(chat_id=GUEST)
    assert (received.id_message, received.type_message) == (answer["idMessage"], type_message)


async def test_an_order_is_read_with_its_token(api: Api, instance: Instance) -> None:
    asked = {"orderId": "O1", "token": "t", "sellerJid": instance.phone}
    assert (await api.post("getOrderDetails", asked)).status == 400
    instance.orders["O1"] = {"orderId": "O1", "products": []}
    assert (await api.post("getOrderDetails", asked)).json == {"orderId": "O1", "products": []}
    assert (await api.post("getOrderDetails", {"orderId": "O1"})).status == 400


@pytest.mark.parametrize(
    ("method", "status"),
    [("createProduct", 403), ("createCollection", 403), ("sendProduct", 403), ("getProducts", 200), ("sendOrder", 200)],
)
async def test_a_private_account_may_only_read_and_order(
    api: Api, instance: Instance, method: str, status: int
) -> None:
    instance.knobs.business_account = False
    assert (await api.post(method, {"chatId": GUEST, "name": "x", "productIds": ["1"]})).status == status


async def test_reading_works_even_without_a_phone(api: Api, instance: Instance) -> None:
    instance.change_state("notAuthorized")
    assert (await api.post("getProducts")).status == 200
    assert (await api.post("createProduct")).status == 400

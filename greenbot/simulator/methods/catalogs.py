"""Catalogs (beta): products, collections, orders.

GREEN-API names these methods without complete parameter tables, so what is not documented is taken as it
comes: products and collections keep whatever fields they were given.
"""

from __future__ import annotations

from collections.abc import Mapping

from greenbot.simulator import params
from greenbot.simulator.drafts import Draft, common_fields, enqueue
from greenbot.simulator.methods.registry import Answer, Call, method
from greenbot.simulator.replies import BAD_REQUEST, ApiRefusal

NOT_BUSINESS = "WhatsApp Business account is required"
_ENVELOPE = frozenset({"chatId", "quotedMessageId", "typingTime"})


@method("getProducts", verb="POST", needs="any")
async def get_products(call: Call) -> Answer:
    return {"products": [*call.instance.products.values()]}


@method("getProduct", verb="POST", needs="any")
async def get_product(call: Call) -> Answer:
    return _known(call.instance.products, call, "productId")


@method("getCollections", verb="POST", needs="any")
async def get_collections(call: Call) -> Answer:
    return {"collections": [*call.instance.collections.values()]}


@method("getCollection", verb="POST", needs="any")
async def get_collection(call: Call) -> Answer:
    return _known(call.instance.collections, call, "collectionId")


@method("getOrderDetails", verb="POST", needs="any")
async def get_order_details(call: Call) -> Answer:
    order_id = params.text(call.params, "orderId")
    params.text(call.params, "token")
    params.text(call.params, "sellerJid")
    if order_id not in call.instance.orders:
        raise ApiRefusal(400, BAD_REQUEST)
    return call.instance.orders[order_id]


@method("createProduct", verb="POST")
async def create_product(call: Call) -> Answer:
    _need_business(call)
    product_id = _new_id(call)
    call.instance.products[product_id] = {**call.params, "productId": product_id}
    return b""


@method("editProduct", verb="POST")
async def edit_product(call: Call) -> Answer:
    _need_business(call)
    _known(call.instance.products, call, "productId").update(call.params)
    return b""


@method("deleteProduct", verb="POST")
async def delete_product(call: Call) -> Answer:
    _need_business(call)
    given = call.params.get("productIds") or [params.text(call.params, "productId")]
    ids = [str(each) for each in (given if isinstance(given, list) else [given])]
    if not all(each in call.instance.products for each in ids):
        raise ApiRefusal(400, BAD_REQUEST)
    for each in ids:
        del call.instance.products[each]
    return b""


@method("createCollection", verb="POST")
async def create_collection(call: Call) -> Answer:
    _need_business(call)
    name, products = params.text(call.params, "name"), params.items(call.params, "productIds")
    collection: dict[str, object] = {"collectionId": _new_id(call), "name": name, "productIds": products}
    call.instance.collections[str(collection["collectionId"])] = collection
    return collection


@method("editCollection", verb="POST")
async def edit_collection(call: Call) -> Answer:
    """An edited collection gets another id."""
    _need_business(call)
    collection = _known(call.instance.collections, call, "collectionId")
    del call.instance.collections[str(collection["collectionId"])]
    collection |= {**call.params, "collectionId": _new_id(call)}
    call.instance.collections[str(collection["collectionId"])] = collection
    return b""


@method("deleteCollection", verb="POST")
async def delete_collection(call: Call) -> Answer:
    _need_business(call)
    collection = _known(call.instance.collections, call, "collectionId")
    del call.instance.collections[str(collection["collectionId"])]
    return b""


@method("moveCollections", verb="POST")
async def move_collections(call: Call) -> Answer:
    _need_business(call)
    ids = [str(each) for each in params.items(call.params, "collectionIds")]
    known = call.instance.collections
    if set(ids) != set(known):
        raise ApiRefusal(400, BAD_REQUEST)
    call.instance.collections = {each: known[each] for each in ids}
    return b""


@method("sendProduct", verb="POST", needs="running")
async def send_product(call: Call) -> Answer:
    _need_business(call)
    return _send(call, "sendProduct", "productMessage")


@method("sendOrder", verb="POST", needs="running")
async def send_order(call: Call) -> Answer:
    return _send(call, "sendOrder", "orderMessage")


def _send(call: Call, kind: str, type_message: str) -> dict[str, object]:
    chat_id, quoted, typing_ms = common_fields(call)
    fields = {key: value for key, value in call.params.items() if key not in _ENVELOPE}
    draft = Draft(
        chat_id=chat_id,
        kind=kind,
        message_data={"typeMessage": type_message, type_message: fields},
        queue_body=fields,
        quoted_message_id=quoted,
        typing_ms=typing_ms,
    )
    return {"idMessage": enqueue(call, draft)}


def _known(things: Mapping[str, dict[str, object]], call: Call, name: str) -> dict[str, object]:
    found = things.get(params.text(call.params, name))
    if found is None:
        raise ApiRefusal(400, BAD_REQUEST)
    return found


def _need_business(call: Call) -> None:
    if not call.instance.knobs.business_account:
        raise ApiRefusal(403, NOT_BUSINESS, shape="message")


def _new_id(call: Call) -> str:
    return f"{call.world.rng.randrange(10**14, 10**15)}"

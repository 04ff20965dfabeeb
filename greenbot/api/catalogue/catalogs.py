"""GREEN-API docs, section Catalogs (beta): products, collections and orders of a WhatsApp Business account.

The documents name these methods but give few parameter tables; unknown parameters pass through as they are.
"""

from greenbot.api.endpoint import CHAT, MIB, Endpoint, need

_PRODUCT_IDS = need("productIds", "its products", kind="array")

CATALOGS = (
    *(
        Endpoint(
            name=name,
            summary=summary,
            group="catalogs",
            repeat_safe=True,
            answer="json",
            reply_limit_bytes=16 * MIB,
            beta=True,
        )
        for name, summary in (
            ("getProducts", "Read the products of a catalog"),
            ("getProduct", "Read one product"),
            ("getCollections", "Read the collections of a catalog"),
            ("getCollection", "Read one collection"),
        )
    ),
    Endpoint(
        name="getOrderDetails",
        summary="Read what a guest ordered",
        group="catalogs",
        params=(
            need("orderId", "from the order message"),
            need("token", "from the order message"),
            need("sellerJid", "from the order message"),
        ),
        repeat_safe=True,
        answer="json",
        beta=True,
    ),
    Endpoint(
        name="createCollection",
        summary="Group products",
        group="catalogs",
        params=(need("name", "its name"), _PRODUCT_IDS),
        beta=True,
    ),
    *(
        Endpoint(name=name, summary=summary, group="catalogs", answer="empty", beta=True)
        for name, summary in (
            ("createProduct", "Add a product"),
            ("editProduct", "Change a product"),
            ("deleteProduct", "Delete products"),
            ("editCollection", "Change a collection; its id changes too"),
            ("deleteCollection", "Delete a collection"),
            ("moveCollections", "Change the order of collections"),
        )
    ),
    *(
        Endpoint(
            name=name,
            summary=summary,
            group="catalogs",
            params=(CHAT,),
            sends=True,
            call_class="send",
            answer="id",
            beta=True,
        )
        for name, summary in (
            ("sendProduct", "Send a product to a chat"),
            ("sendOrder", "Send an order to a chat"),
        )
    ),
)

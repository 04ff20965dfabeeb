"""`greenbot catalog …`: products, collections and orders of a WhatsApp Business account (beta).

GREEN-API describes few parameters and no answers of these methods, so what comes back is shown as it comes, and what
needs parameters nobody wrote down is left to `greenbot api`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.remote_call import Caller, Row
from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

if TYPE_CHECKING:
    from greenbot.messages.incoming.contents import Order

group = Group("catalog", "Products, collections and orders of a WhatsApp Business account.")
products = group.group("products", help="What the business offers.")
collections = group.group("collections", help="Products that belong together.")

_COLUMNS_IF_EMPTY = ("id", "name")


@products.command("list", instance=True, rows=True)
def products_list(run: Run) -> None:
    """The products of the catalog, with the fields GREEN-API gives them.

    Examples:
    greenbot catalog products list -i grand-kyiv
    greenbot catalog products list --json
    """
    _show_things(run, "getProducts", empty="No product.")


@collections.command("list", instance=True, rows=True)
def collections_list(run: Run) -> None:
    """The collections of the catalog, with the fields GREEN-API gives them.

    Examples:
    greenbot catalog collections list -i grand-kyiv
    """
    _show_things(run, "getCollections", empty="No collection.")


def _show_things(run: Run, method: str, *, empty: str) -> None:
    things = _things(Caller(run, run.instance).ask(method))
    columns = tuple(dict.fromkeys(str(key) for one in things for key in one)) or _COLUMNS_IF_EMPTY
    run.out.rows(things, columns, empty=empty)


def _things(answer: object) -> list[Row]:
    """The list in an answer, whatever it is called there."""
    values = [answer] if isinstance(answer, list) else [*answer.values()] if isinstance(answer, Mapping) else []
    found = next((value for value in values if isinstance(value, list)), [])
    return [one for one in found if isinstance(one, Mapping)]


@collections.command("add", instance=True, dry_run=True)
def collections_add(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")],
    product_ids: Annotated[list[str], typer.Argument(metavar="PRODUCT...", help="Ids of its products.")],
) -> None:
    """Put products together into a new collection.

    Examples:
    greenbot catalog collections add Spa 8912345678901234 8912345678905678
    """
    title = " ".join(name.split())
    if not title:
        raise UsageError("The name of the collection is empty.", hint="Write it like Spa.")
    params = {"name": title, "productIds": list(dict.fromkeys(product_ids))}
    made = Caller(run, run.instance).change(
        "createCollection", params, action="catalog.collections.add", facts={"name": title}
    )
    if made is not None:
        ids = [value for key, value in made.items() if key.lower().endswith("id")]
        record = {"id": ids[0] if ids else None, "instance": run.instance.name, "name": title}
        run.out.record(record, essential="id")


@group.command("order")
def order(
    run: Run,
    event_id: Annotated[int, typer.Argument(metavar="EVENT", min=1, help="The event that brought the order.")],
) -> None:
    """What a guest ordered. The order's number and its token are in the event; nothing has to be typed again.

    Examples:
    greenbot events list --type incomingMessageReceived
    greenbot catalog order 4711
    """
    from greenbot.inbox.table import get

    event = get(run.store, event_id)
    found = _order_in(event.raw)
    if found is None:
        raise UsageError(f"Event {event_id} is no order.", hint="See events with: greenbot events list")
    caller = Caller(run, run.settings.instance(event.instance))
    params = {"orderId": found.order_id, "token": found.token, "sellerJid": found.seller_id}
    answer = caller.ask("getOrderDetails", params)
    details = answer if isinstance(answer, Mapping) else {"details": answer}
    shown = {"order_id": found.order_id, "instance": event.instance, "total_price": found.total_price or None}
    run.out.record({**shown, **{str(key): value for key, value in details.items()}}, essential="order_id")


def _order_in(raw: bytes) -> "Order | None":
    from greenbot.messages.incoming.contents import Order
    from greenbot.messages.incoming.model import MessageEvent, Unreadable
    from greenbot.messages.incoming.parse import parse

    try:
        event = parse(raw)
    except Unreadable:
        return None
    return event.content if isinstance(event, MessageEvent) and isinstance(event.content, Order) else None

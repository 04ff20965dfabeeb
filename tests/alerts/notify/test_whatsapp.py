"""WhatsApp as a receiver: messages of the outbox that cannot double, and that count when they are delivered."""

from typing import Any

import pytest

from .conftest import House

_WHY = {"claimed": "claim", "sending": "post", "accepted": "response", "failed": "rejected", "cancelled": "operator"}


def move(house: House, *words: str) -> None:
    """The worker takes all messages through these states."""
    for word in words:
        with house.db.write() as tx:
            tx.run("update messages set epoch = epoch + 1, state = :to, reason = :why", to=word, why=_WHY[word])


async def test_whatsapp_is_proved_when_it_is_delivered_and_never_doubled(house: House) -> None:
    house.add("spare", "command", command=["true"], default=False)
    house.add("phone", "whatsapp", instance="odesa", to=["+380441234567", "120363043968066561@g.us"], fallback="spare")
    house.fire()
    await house.after(30)
    rows = house.db.all("select * from messages")
    assert [(row["instance"], row["chat_id"], row["priority"]) for row in rows] == [
        ("odesa", "380441234567@c.us", 0), ("odesa", "120363043968066561@g.us", 0),
    ]  # fmt: skip
    assert house.rows() == [("phone", "sent")]
    # The process dies before it notes that: the same messages are found under their keys.
    with house.db.write() as tx:
        tx.run("update notice_deliveries set state = 'waiting'")
    await house.after(10)
    assert len(house.db.all("select * from messages")) == 2
    move(house, "claimed", "sending", "accepted")
    await house.after(10)
    assert house.rows() == [("phone", "sent")], "accepted by GREEN-API is not delivered"
    with house.db.write() as tx:
        tx.run("update messages set delivery = 'delivered', delivery_at_ms = state_at_ms")
    await house.after(10)
    assert house.rows() == [("phone", "proved")]


@pytest.mark.parametrize(
    ("states", "seconds", "expected"),
    [
        pytest.param(["cancelled"], 10, [("phone", "failed"), ("spare", "proved")], id="cancelled"),
        pytest.param(["claimed", "sending", "failed"], 10, [("phone", "failed"), ("spare", "proved")], id="failed"),
        pytest.param([], 10, [("phone", "sent")], id="it may still come"),
        pytest.param([], 900, [("phone", "sent"), ("spare", "proved")], id="it takes too long"),
    ],
)
async def test_whatsapp_that_does_not_arrive_is_told_another_way(
    house: House, states: list[str], seconds: int, expected: Any
) -> None:
    house.add("spare", "command", command=["true"], default=False)
    house.add("phone", "whatsapp", instance="odesa", to=["+380441234567"], fallback="spare")
    house.fire()
    await house.after(30)
    move(house, *states)
    await house.after(seconds)
    assert house.rows() == expected

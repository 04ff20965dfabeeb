"""The asserts of a scenario: what each speaks about and how the truth is found."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from greenbot.simulator import actions
from greenbot.simulator.scenario_steps import Table
from greenbot.simulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """How far the world was when the play began: what happened earlier is none of its business."""

    entries: int
    requests: int
    received: dict[int, int]
    fired: Counter[str]

    @classmethod
    def of(cls, world: World) -> Self:
        """The world as it is now."""
        return cls(
            entries=len(world.ledger.entries),
            requests=len(world.ledger.door),
            received={number: len(instance.inbox) for number, instance in world.instances.items()},
            fired=Counter(world.faults.fired),
        )


def check(world: World, claim: Table, before: Before) -> str | None:
    """None when the claim holds, otherwise what was found instead."""
    subject = next(name for name in CLAIMS if name in claim)
    _, find = CLAIMS[subject]
    try:
        found = find(world, claim, before)
    except ValueError as reason:
        return f"{subject}: {reason}"
    wanted = claim.get("count") if subject in ("inbox", "fault") else claim[subject]
    if subject == "inbox" and wanted is None:
        return None if found else f"inbox: nobody received {claim['inbox']!r}"
    wanted = 1 if wanted is None else wanted
    return None if found == wanted else f"{subject}: {found!r} instead of {wanted!r} ({_where(claim)})"


def _where(claim: Table) -> str:
    return " ".join(f"{name}={value}" for name, value in claim.items())


def _number(claim: Table) -> int | None:
    return int(str(claim["instance"])) if "instance" in claim else None


def _word(claim: Table, name: str) -> str | None:
    return str(claim[name]) if name in claim else None


def _executions(world: World, claim: Table, before: Before) -> object:
    done = world.ledger.executions(instance=_number(claim), method=_word(claim, "method"), chat_id=_word(claim, "chat"))
    return sum(1 for entry in done if entry.seq > before.entries)


def _requests(world: World, claim: Table, before: Before) -> object:
    method, number = _word(claim, "method"), _number(claim)
    marks = [mark for mark in world.ledger.door[before.requests :] if method in (None, mark.method)]
    return sum(1 for mark in marks if number in (None, mark.instance))


def _inbox(world: World, claim: Table, before: Before) -> object:
    number, chat = _number(claim), _word(claim, "chat")
    messages = [
        message
        for instance in world.instances.values()
        for message in instance.inbox[before.received.get(instance.id, 0) :]
        if number in (None, instance.id) and chat in (None, message.chat_id)
    ]
    return sum(1 for message in messages if str(claim["inbox"]) in message.text)


def _status(world: World, claim: Table, before: Before) -> object:
    instance = actions.find_instance(world, claim.get("instance"))
    outgoing = [message for message in instance.messages if message.type == "outgoing"]
    chosen = [message for message in outgoing if _word(claim, "chat") in (None, message.chat_id)]
    if not chosen:
        raise actions.ActionError("no outgoing message")
    return chosen[-1].status


def _instance_state(world: World, claim: Table, before: Before) -> object:
    return actions.find_instance(world, claim.get("instance")).state


def _notifications(world: World, claim: Table, before: Before) -> object:
    return len(actions.find_instance(world, claim.get("instance")).notifications)


def _fired(world: World, claim: Table, before: Before) -> object:
    kind = str(claim["fault"])
    return world.faults.fired[kind] - before.fired[kind]


Finding = Callable[[World, Table, Before], object]
# What an assert speaks about -> its further fields, and how the truth is found.
CLAIMS: Final[dict[str, tuple[frozenset[str], Finding]]] = {
    "executions": (frozenset({"method", "chat"}), _executions),
    "requests": (frozenset({"method"}), _requests),
    "inbox": (frozenset({"chat", "count"}), _inbox),
    "status": (frozenset({"chat"}), _status),
    "state": (frozenset(), _instance_state),
    "notifications": (frozenset(), _notifications),
    "fault": (frozenset({"count"}), _fired),
}

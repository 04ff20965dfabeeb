"""What follows from an event, inside the store: each effect hands it to the package it concerns.

All effects of an event share the transaction that marks it done, so each happens exactly once.
"""

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from greenbot.campaigns import newchats, suppress
from greenbot.chats import threads
from greenbot.clock import Clock
from greenbot.hooks import queue
from greenbot.inbox.event import StoredEvent
from greenbot.inbox.process import Effect
from greenbot.messages.incoming.model import Incoming, MessageEvent, QuotaEvent, StateEvent, StatusEvent, Text
from greenbot.outbox import statuses
from greenbot.outbox.appearance import of_notification
from greenbot.outbox.doubts import doubt_of, found_in, is_ours, uncertain_of
from greenbot.outbox.evidence import find
from greenbot.resilience.health import QUOTA_MS, Health, out_of_quota, told
from greenbot.resilience.shared_health import change_in

if TYPE_CHECKING:
    from greenbot.db.connect import Tx

ACTOR = "event"
#: GREEN-API's times are whole seconds, and its clock is not ours.
_SLACK_MS = 5_000
#: A number that WhatsApp restricts says so in the status of a message first.
_RESTRICTED = ("yellowCard", "suspended")

Tags = Callable[[str], Collection[str]]


def any_hotel(instance: str) -> threads.Hotel:
    """Nothing is known of it."""
    return threads.ANY_HOTEL


def effects_of(clock: Clock, *, tags: Tags, hotel: Callable[[str], threads.Hotel] = any_hotel) -> tuple[Effect, ...]:
    """Every effect, in its order. `tags` and `hotel` say which tags an instance has, and who writes to it."""

    def converse(tx: "Tx", event: StoredEvent, incoming: Incoming) -> None:
        threads.record(tx, event, incoming, hotel=hotel(event.instance))

    def forward(tx: "Tx", event: StoredEvent, incoming: Incoming) -> None:
        queue.enqueue(tx, event, incoming, tags=tags)

    return (
        partial(outbox_hears, clock=clock),
        partial(health_hears, clock=clock),
        partial(guest_is_heard, clock=clock),
        converse,
        forward,
    )


def outbox_hears(tx: "Tx", event: StoredEvent, incoming: Incoming, *, clock: Clock) -> None:
    """A status moves its message on; a message seen leaving settles one whose fate was unknown."""
    news = status_news(incoming)
    if news is not None:
        statuses.apply_in(tx, event.instance, news, clock=clock, actor=ACTOR)
    elif isinstance(incoming, MessageEvent) and incoming.direction == "api" and incoming.remote_id:
        _settle(tx, event, incoming, clock)


def status_news(incoming: Incoming) -> statuses.StatusNews | None:
    """What an event says about the fate of a message that we sent; None when nothing."""
    if not isinstance(incoming, StatusEvent) or incoming.direction != "out":
        return None
    if not incoming.remote_id or not incoming.status:
        return None
    return statuses.StatusNews(
        remote_id=incoming.remote_id, status=incoming.status, at_ms=incoming.at_ms, description=incoming.description
    )


def _settle(tx: "Tx", event: StoredEvent, incoming: MessageEvent, clock: Clock) -> None:
    """By the rules of reconciliation: only what nothing else can have caused is a proof."""
    doubts = {message.id: message for message in uncertain_of(tx, event.instance)}
    sighting = of_notification(incoming.raw) if doubts else None
    if sighting is None:
        return
    findings = find(
        map(doubt_of, doubts.values()),
        [sighting],
        is_known=lambda remote_id: is_ours(tx, event.instance, remote_id),
    )
    for message_id, proof in findings.proofs.items():
        found_in(tx, doubts[message_id], proof, actor=ACTOR, clock=clock)


def health_hears(tx: "Tx", event: StoredEvent, incoming: Incoming, *, clock: Clock) -> None:
    """The state of the instance, its quota, and restrictions that show in a status."""
    now_ms = clock.now_ms()
    at_ms = event.received_at_ms if incoming.at_ms is None else incoming.at_ms
    match incoming:
        case StateEvent(state=account) if account:
            change_in(tx, event.instance, lambda health: _told(health, account, at_ms, now_ms))
        case StatusEvent(direction="out", status=account) if account in _RESTRICTED:
            change_in(tx, event.instance, lambda health: _told(health, account, at_ms, now_ms))
        case QuotaEvent() if _stops_sending(incoming) and now_ms - at_ms < QUOTA_MS:
            reason = incoming.status or "quota"
            change_in(tx, event.instance, lambda health: out_of_quota(health, reason, now_ms))
        case _:
            pass


def _told(health: Health, account: str, at_ms: int, now_ms: int) -> Health:
    """Unless somebody asked GREEN-API after it happened: out of a backlog come states that are long over."""
    if health.state != "unknown" and at_ms < health.seen_at_ms - _SLACK_MS:
        return health
    return told(health, account, event_at_ms=at_ms, now_ms=now_ms)


def _stops_sending(quota: QuotaEvent) -> bool:
    if quota.used is not None and quota.total is not None and quota.used < quota.total:
        return False
    return quota.method == "correspondents" or quota.method.startswith("send")


def guest_is_heard(tx: "Tx", event: StoredEvent, incoming: Incoming, *, clock: Clock) -> None:
    """Who writes to us is no stranger any more, and a STOP counts from this moment."""
    if not isinstance(incoming, MessageEvent) or incoming.direction != "in" or incoming.is_group:
        return
    if not incoming.chat_id.endswith(("@c.us", "@lid")):
        return
    at_ms = event.received_at_ms if incoming.at_ms is None else incoming.at_ms
    newchats.guest_wrote(tx, event.instance, incoming.chat_id, at_ms)
    if isinstance(incoming.content, Text):
        suppress.obey(tx, incoming.chat_id, incoming.content.text, clock)

"""Where the health of instances is kept: one row each, for all processes."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.resilience.health import Health, ask_at_ms, resumed
from greenbot.resilience.store_lines import Reader

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

_COLUMNS = tuple(field.name for field in fields(Health))
Change = Callable[[Health], Health]
Due = Callable[[Health, int], int]


def health_of(reader: Reader, instance: str) -> Health:
    """What is known of an instance; nothing, when nobody ever asked. Raises Busy, StoreError."""
    row = reader.one("select * from instance_health where instance = :instance", instance=instance)
    return Health() if row is None else Health(**{name: row[name] for name in _COLUMNS})


def change_in(tx: "Tx", instance: str, change: Change) -> Health:
    """Apply a rule of `health` to the row of an instance; writes only what became different."""
    before = health_of(tx, instance)
    after = change(before)
    if after != before:
        _save(tx, instance, after)
    return after


def change(db: "Db", instance: str, rule: Change) -> Health:
    """The same in a transaction of its own. Raises Busy, StoreError."""
    with db.write(durable=False) as tx:
        return change_in(tx, instance, rule)


def take_question(db: "Db", instance: str, clock: Clock, due: Due = ask_at_ms) -> bool:
    """Whether it falls to the caller to ask GREEN-API now: one process asks for all. Raises Busy, StoreError.

    `due` says when the question is due by what is known of the instance.
    """
    if due(health_of(db, instance), clock.now_ms()) > clock.now_ms():
        return False
    with db.write(durable=False) as tx:
        health = health_of(tx, instance)
        if due(health, clock.now_ms()) > clock.now_ms():
            return False
        _save(tx, instance, replace(health, asked_at_ms=clock.now_ms()))
    return True


def resume(db: "Db", instance: str, clock: Clock) -> Health:
    """A person's word that an instance is worth a try again; it outlasts a power cut. Raises Busy, StoreError."""
    with db.write() as tx:
        return change_in(tx, instance, lambda health: resumed(health, clock.now_ms()))


def _save(tx: "Tx", instance: str, health: Health) -> None:
    tx.run(
        """
        insert into instance_health (instance, state, since_at_ms) values (:instance, 'unknown', :since_at_ms)
            on conflict do nothing
        """,
        instance=instance,
        since_at_ms=health.since_at_ms,
    )
    tx.run(
        """
        update instance_health
           set state = :state, account = :account, reason = :reason, since_at_ms = :since_at_ms,
               seen_at_ms = :seen_at_ms, event_at_ms = :event_at_ms, refusals = :refusals, heard = :heard,
               heard_from = :heard_from, heard_at_ms = :heard_at_ms, misses = :misses, until_at_ms = :until_at_ms,
               asked_at_ms = :asked_at_ms, queue_length = :queue_length, queue_at_ms = :queue_at_ms, source = :source
         where instance = :instance
        """,
        instance=instance,
        **{name: getattr(health, name) for name in _COLUMNS},
    )

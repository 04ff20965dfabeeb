"""Where the circuits are kept: one row per instance and host, changed by compare-and-swap on its epoch."""

import json
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.resilience.breaker import Bucket, Circuit, rebooted
from greenbot.resilience.store_lines import Reader

if TYPE_CHECKING:
    from greenbot.db.connect import Row, Tx


def load(reader: Reader, instance: str, host: str, clock: Clock) -> tuple[Circuit, int | None]:
    """The circuit and its epoch; a closed one without an epoch when nothing ever happened there."""
    row = reader.one("select * from breakers where instance = :instance and host = :host", instance=instance, host=host)
    if row is None:
        return Circuit(since_ms=clock.boot_ms()), None
    circuit = _circuit(row)
    return (circuit if row["boot_id"] == clock.boot_id() else rebooted(circuit)), row["epoch"]


def save(tx: "Tx", instance: str, host: str, clock: Clock, circuit: Circuit, epoch: int | None) -> int:
    """Keep the circuit that was made from the one of this epoch; returns the new epoch.

    Inside one transaction nobody else can have changed the row; that nobody did is asserted all the same.
    """
    if epoch is None:
        epoch = _insert(tx, instance, host, clock)
    changed = tx.run(
        """
        update breakers
           set state = :state, epoch = epoch + 1, boot_id = :boot_id, since_boot_ms = :since_ms,
               since_at_ms = :since_at_ms, calls = :calls, streak = :streak, openings = :openings,
               open_until_boot_ms = :open_until_ms, lease_owner = :lease_owner, lease_until_boot_ms = :lease_until_ms,
               ticket = :ticket, probed = :probed, good_trials = :good_trials, reason = :reason
         where instance = :instance and host = :host and epoch = :epoch
        """,
        instance=instance,
        host=host,
        epoch=epoch,
        state=circuit.state,
        boot_id=clock.boot_id(),
        since_ms=circuit.since_ms,
        since_at_ms=clock.now_ms() + circuit.since_ms - clock.boot_ms(),
        calls=json.dumps([[bucket.number, bucket.calls, bucket.failures, bucket.slow] for bucket in circuit.buckets]),
        streak=circuit.streak,
        openings=circuit.openings,
        open_until_ms=circuit.open_until_ms,
        lease_owner=circuit.lease_owner,
        lease_until_ms=circuit.lease_until_ms,
        ticket=circuit.ticket,
        probed=circuit.probed,
        good_trials=circuit.good_trials,
        reason=circuit.reason,
    )
    assert changed == 1, "a breaker changed under the transaction that holds the store"
    return epoch + 1


def _insert(tx: "Tx", instance: str, host: str, clock: Clock) -> int:
    tx.run(
        """
        insert into breakers (instance, host, boot_id, since_boot_ms, since_at_ms)
        values (:instance, :host, :boot_id, :since_ms, :since_at_ms)
        """,
        instance=instance,
        host=host,
        boot_id=clock.boot_id(),
        since_ms=clock.boot_ms(),
        since_at_ms=clock.now_ms(),
    )
    return 0


def _circuit(row: "Row") -> Circuit:
    return Circuit(
        state=row["state"],
        since_ms=row["since_boot_ms"],
        buckets=tuple(
            Bucket(number=number, calls=calls, failures=failures, slow=slow)
            for number, calls, failures, slow in json.loads(row["calls"])
        ),
        streak=row["streak"],
        openings=row["openings"],
        open_until_ms=row["open_until_boot_ms"],
        lease_owner=row["lease_owner"],
        lease_until_ms=row["lease_until_boot_ms"],
        ticket=row["ticket"],
        probed=bool(row["probed"]),
        good_trials=row["good_trials"],
        reason=row["reason"],
    )

"""The retry budget of an instance: retries may never make a bad hour worse.

Ten tokens at most; a success earns a tenth, a retry costs one, a retry after a timeout two. With an
empty budget the next retry waits until successes have filled it, or a minute has passed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.resilience.store_lines import Reader, writing

if TYPE_CHECKING:
    from greenbot.db.connect import Db, Tx

FULL_TENTHS = 100
RETRY_TENTHS = 10
RETRY_AFTER_TIMEOUT_TENTHS = 20
PATIENCE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Tenths of tokens, and when the last retry was paid (milliseconds since boot)."""

    tenths: int = FULL_TENTHS
    paid_at_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Whether a retry may be made; if not, when to ask again at the latest (wall time)."""

    paid: bool
    ask_again_at_ms: int | None = None


def paid(budget: Budget, *, after_timeout: bool, now_ms: int) -> Budget | None:
    """The budget after one more retry, None when it cannot be afforded yet."""
    price = RETRY_AFTER_TIMEOUT_TENTHS if after_timeout else RETRY_TENTHS
    if budget.tenths < price and now_ms < budget.paid_at_ms + PATIENCE_MS:
        return None
    return Budget(tenths=max(0, budget.tenths - price), paid_at_ms=now_ms)


def pay(db: "Db", instance: str, clock: Clock, *, after_timeout: bool) -> Payment:
    """Pay for one retry of this instance. Raises Busy, StoreError."""
    with writing(db) as tx:
        return pay_in(tx, instance, clock, after_timeout=after_timeout)


def pay_in(tx: "Tx", instance: str, clock: Clock, *, after_timeout: bool) -> Payment:
    """The same in the transaction that begins the retry."""
    now_ms = clock.boot_ms()
    before = _load(tx, instance, clock.boot_id())
    after = paid(before, after_timeout=after_timeout, now_ms=now_ms)
    if after is None:
        return Payment(paid=False, ask_again_at_ms=clock.now_ms() + before.paid_at_ms + PATIENCE_MS - now_ms)
    _save(tx, instance, clock.boot_id(), after)
    return Payment(paid=True)


def earn_in(tx: "Tx", instance: str, clock: Clock) -> None:
    """Note a success, in the transaction that records it; a full budget costs no write."""
    tx.run(
        """
        update retry_budgets set tenths = tenths + 1
         where instance = :instance and boot_id = :boot_id and tenths < :full
        """,
        instance=instance,
        boot_id=clock.boot_id(),
        full=FULL_TENTHS,
    )


def _load(reader: Reader, instance: str, boot_id: str) -> Budget:
    row = reader.one(
        "select tenths, paid_at_boot_ms from retry_budgets where instance = :instance and boot_id = :boot_id",
        instance=instance,
        boot_id=boot_id,
    )
    return Budget() if row is None else Budget(tenths=row["tenths"], paid_at_ms=row["paid_at_boot_ms"])


def _save(tx: "Tx", instance: str, boot_id: str, budget: Budget) -> None:
    tx.run(
        """
        insert or replace into retry_budgets (instance, boot_id, tenths, paid_at_boot_ms)
        values (:instance, :boot_id, :tenths, :paid_at_ms)
        """,
        instance=instance,
        boot_id=boot_id,
        tenths=budget.tenths,
        paid_at_ms=budget.paid_at_ms,
    )

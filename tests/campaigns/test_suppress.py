"""The list of guests who want no promotion, and its audit."""

from greenbot.campaigns import suppress
from greenbot.campaigns.optout import Wish
from greenbot.campaigns.suppress import By, is_suppressed
from greenbot.clock import ManualClock
from greenbot.db.connect import Db

GUEST = "380440000001@c.us"
ANNA, OTHER = By(actor="anna", reason="asked at the desk"), "380440000002@c.us"


def says(db: Db, clock: ManualClock, text: str) -> Wish | None:
    with db.write() as tx:
        return suppress.obey(tx, GUEST, text, clock)


def test_an_operator_adds_and_removes(db: Db, clock: ManualClock) -> None:
    assert suppress.add(db, [GUEST, OTHER, GUEST], ANNA, clock) == 2
    assert is_suppressed(db, GUEST, "kyiv")
    assert [entry.chat_id for entry in suppress.listed(db)] == [GUEST, OTHER]
    assert suppress.remove(db, [GUEST, "1@c.us"], ANNA, clock) == 1
    assert not is_suppressed(db, GUEST, "kyiv")


def test_one_number_or_all(db: Db, clock: ManualClock) -> None:
    suppress.add(db, [GUEST], ANNA, clock, instance="kyiv")
    suppress.add(db, [OTHER], ANNA, clock)
    assert (is_suppressed(db, GUEST, "kyiv"), is_suppressed(db, GUEST, "odesa")) == (True, False)
    assert (is_suppressed(db, OTHER, "kyiv"), is_suppressed(db, OTHER, "odesa")) == (True, True)
    assert len(suppress.listed(db, instance="kyiv")) == 2
    assert [entry.chat_id for entry in suppress.listed(db, instance="odesa")] == [OTHER]
    assert suppress.remove(db, [GUEST], ANNA, clock) == 0, "for all numbers it was not suppressed"


def test_stop_counts_everywhere_and_start_takes_it_back(db: Db, clock: ManualClock) -> None:
    assert says(db, clock, "Стоп!") == "stop"
    assert says(db, clock, "STOP") == "stop"
    assert is_suppressed(db, GUEST, "any number of ours")
    assert says(db, clock, "hello") is None
    assert is_suppressed(db, GUEST, "kyiv")
    assert says(db, clock, "start") == "start"
    assert not is_suppressed(db, GUEST, "kyiv")
    changes = [(line.change, line.source, line.actor) for line in suppress.audit(db, chat_id=GUEST)]
    assert changes == [("removed", "guest", "guest"), ("added", "guest", "guest")]


def test_start_does_not_undo_what_an_operator_decided(db: Db, clock: ManualClock) -> None:
    suppress.add(db, [GUEST], ANNA, clock)
    says(db, clock, "start")
    assert is_suppressed(db, GUEST, "kyiv")
    assert [line.change for line in suppress.audit(db)] == ["kept", "added"]


def test_the_audit_tells_who_when_and_why(db: Db, clock: ManualClock) -> None:
    suppress.add(db, [GUEST], ANNA, clock, instance="kyiv")
    clock.advance(60)
    suppress.remove(db, [GUEST], By(actor="petro"), clock, instance="kyiv")
    newest, oldest = suppress.audit(db)
    assert (oldest.actor, oldest.reason, oldest.instance) == ("anna", "asked at the desk", "kyiv")
    assert (newest.actor, newest.reason, newest.at_ms - oldest.at_ms) == ("petro", None, 60_000)
    assert suppress.audit(db, chat_id=OTHER) == []

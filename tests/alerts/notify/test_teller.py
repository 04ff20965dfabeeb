"""What is owed reaches its receivers: once, in order, also when they are down, slow or gone, and when we are killed."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from greenbot.alerts import acks, receivers, silences
from greenbot.alerts.notify import deliveries
from greenbot.alerts.notify.retention import prune
from greenbot.alerts.notify.telling import Told
from greenbot.alerts.table import remove, switch
from greenbot.outbox.owner import Owner

from .conftest import House, Server

DAY = 86_400


class Death(BaseException):
    """The process ends here; nothing that handles errors sees it."""


def heard(server: Server) -> list[tuple[str, list[str]]]:
    return [(asked.json["type"], [alert["instance"] for alert in asked.json["alerts"]]) for asked in server.asked]


async def test_an_alert_is_told_once_repeated_while_it_fires_and_told_to_be_over(house: House, server: Server) -> None:
    house.add(url=server.url)
    house.fire()
    assert await house.after(29) == 0
    assert await house.after(1) == 1
    assert await house.after(3600) == 0
    house.repeat()
    assert await house.after(30) == 1
    house.resolve()
    assert await house.after(30) == 0, "a rule speaks every five minutes at most"
    assert await house.after(270) == 1
    assert await house.after(DAY) == 0
    assert heard(server) == [("alert.firing", ["kyiv"]), ("alert.firing", ["kyiv"]), ("alert.resolved", ["kyiv"])]
    assert [state for _, state in house.rows()] == ["proved"] * 3
    assert all(not is_open for *_, is_open in house.rows("notices"))


async def test_a_storm_is_one_text(house: House, server: Server) -> None:
    house.add(url=server.url)
    house.fire("high_error_rate", *(f"i{number}" for number in range(200)))
    await house.after(30)
    (asked,) = server.asked
    assert len(asked.json["alerts"]) == 200
    assert asked.json["text"].count("\n") < 20 and "and 190 more" in asked.json["text"]


async def test_cooldown_delays_a_text_and_never_the_state(house: House, server: Server) -> None:
    house.add(url=server.url)
    house.fire()
    await house.after(30)
    house.resolve()
    await house.after(300)
    assert len(server.asked) == 2
    house.fire()
    await house.after(299)
    assert len(server.asked) == 2
    row = house.db.one("select state, resolved_notified_at_ms from alerts where instance = 'kyiv'")
    assert row is not None and row["state"] == "firing" and row["resolved_notified_at_ms"]
    await house.after(1)
    assert [one for one, _ in heard(server)] == ["alert.firing", "alert.resolved", "alert.firing"]


async def test_flapping_within_the_cooldown_is_told_no_more(house: House, server: Server) -> None:
    house.add(url=server.url)
    house.fire()
    await house.after(30)
    house.resolve()
    await house.after(300)
    for _ in range(3):
        house.fire()
        await house.after(30)
        house.resolve()
        await house.after(30)
    await house.after(DAY)
    assert len(server.asked) == 2
    assert [state for _, _, state, _ in house.rows("notices")] == ["told", "told", *["cooled", "dropped"] * 3]


async def test_a_silence_says_nothing_and_the_alert_goes_on(house: House, server: Server) -> None:
    house.add(url=server.url)
    silence = silences.add(
        house.db, house.by, instance="ky*", until_at_ms=house.clock.now_ms() + 3_600_000, comment="works"
    )
    house.fire("high_error_rate", "kyiv", "odesa")
    await house.after(600)
    assert heard(server) == [("alert.firing", ["odesa"])]
    silences.end(house.db, silence.id, house.by)
    await house.after(300)
    assert heard(server)[1:] == [("alert.firing", ["kyiv"])]


async def test_who_takes_note_is_written_down_until_it_is_over(house: House, server: Server) -> None:
    house.add(url=server.url)
    house.fire()
    await house.after(30)
    acked = acks.acknowledge(house.db, "high_error_rate", "kyiv", house.by, "I look at it")
    assert (acked.by, acked.comment) == ("olena", "I look at it")
    await house.after(600)
    assert len(server.asked) == 1, "a webhook keeps no track of it"
    house.resolve()
    await house.after(300)
    assert heard(server)[-1][0] == "alert.resolved"
    with pytest.raises(acks.NotFiring):
        acks.acknowledge(house.db, "high_error_rate", "kyiv", house.by)


async def test_a_receiver_that_is_down_hears_of_it_within_a_day_in_order_and_once(house: House, server: Server) -> None:
    house.add(url=server.url)
    server.status = 500
    house.fire()
    await house.after(30)
    house.resolve()
    for _ in range(60):
        await house.after(600)
    assert {asked.json["type"] for asked in server.asked} == {"alert.firing"}, "the end waits for the beginning"
    assert len({asked.headers["webhook-id"] for asked in server.asked}) == 1
    tried = len(server.asked)
    server.status = 200
    await house.after(3600)
    await house.after(60)
    assert [one for one, _ in heard(server)[tried:]] == ["alert.firing", "alert.resolved"]
    assert tried < 80, "and it is not hammered"


async def test_after_a_day_it_is_given_up(house: House, server: Server) -> None:
    house.add(url=server.url)
    server.status = 500
    house.fire()
    for _ in range(26):
        await house.after(3600)
    assert house.rows() == [("ops", "failed")]
    assert "500" in receivers.get(house.db, "ops").problem


async def test_a_dead_receiver_rests_and_the_others_do_not_notice(house: House, server: Server) -> None:
    house.add("dead", url="http://127.0.0.1:1/in")
    house.add("ops", url=server.url)
    for number in range(6):
        house.fire("high_error_rate", f"i{number}")
        await house.after(300)
    assert receivers.get(house.db, "dead").open_until_ms > house.clock.now_ms()
    assert len(server.asked) == 6


async def test_when_the_first_cannot_be_reached_its_fallback_is_told_and_the_first_is_let_alone(
    house: House, server: Server
) -> None:
    house.add("spare", url=server.url, default=False)
    house.add("dead", url="http://127.0.0.1:1/in", fallback="spare")
    house.fire()
    await house.after(30)
    for _ in range(4):
        await house.after(20)
    assert heard(server) == [("alert.firing", ["kyiv"])]
    assert house.rows() == [("dead", "dropped"), ("spare", "proved")]
    house.resolve()
    await house.after(300)
    assert [asked.json["type"] for asked in server.asked] == ["alert.firing", "alert.resolved"]
    assert house.rows()[2:] == [("spare", "proved")], "who was told the beginning is told the end"


async def test_what_waits_for_a_disabled_receiver_is_told_by_its_fallback(house: House, server: Server) -> None:
    house.add("spare", url=server.url, default=False)
    house.add("dead", url="http://127.0.0.1:1/in", fallback="spare")
    house.fire()
    await house.after(30)
    receivers.switch(house.db, "dead", house.by, enabled=False)
    await house.after(1)
    assert heard(server) == [("alert.firing", ["kyiv"])]


@pytest.mark.parametrize(("status", "tries"), [(400, 3), (410, 3)])
async def test_what_is_refused_as_such_is_not_tried_for_a_day(
    house: House, server: Server, status: int, tries: int
) -> None:
    house.add(url=server.url)
    server.status = status
    house.fire()
    for _ in range(30):
        await house.after(60)
    assert (len(server.asked), house.rows()) == (tries, [("ops", "failed")])


async def test_who_asks_for_patience_gets_it(house: House, server: Server) -> None:
    house.add(url=server.url)
    server.status, server.headers = 429, {"Retry-After": "600"}
    house.fire()
    await house.after(30)
    await house.after(599)
    assert len(server.asked) == 1
    await house.after(1)
    assert len(server.asked) == 2


async def test_a_process_that_died_after_sending_repeats_it_once_with_the_same_id(
    house: House, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add(url=server.url)
    house.fire()

    def die(name: str) -> None:
        if name == "notify.after_send":
            raise Death

    monkeypatch.setattr("greenbot.failpoints.hit", die)
    with Owner(house.owner.run_dir, owner_id="first") as first:
        house.owner, mine = first, house.owner
        house.clock.advance(30)
        house.teller.begin()
        (task,) = house.teller._tasks.values()
        with pytest.raises(Death):
            await task
    monkeypatch.undo()
    house.owner = mine
    house.restart()
    await house.after(1)
    assert len(server.asked) == 2, "a dead process is seen at once, not when its lease is over"
    await house.after(DAY)
    assert len(server.asked) == 2
    assert len({asked.headers["webhook-id"] for asked in server.asked}) == 1
    assert len({asked.json["id"] for asked in server.asked}) == 1


async def test_two_tellers_tell_it_once(house: House, server: Server) -> None:
    house.add(url=server.url)
    house.fire()
    house.clock.advance(30)
    first = house.teller
    house.restart()
    await asyncio.gather(first.once(), house.teller.once())
    assert len(server.asked) == 1


async def test_a_drill_and_a_test_are_told_at_once_and_proved(house: House, server: Server) -> None:
    from greenbot.alerts import drill

    house.add(url=server.url)
    notice = drill.begin(house.db, "high_error_rate", "kyiv", house.by)
    test = receivers.send_test(house.db, "ops", house.by)
    assert receivers.prove(house.db, test).state == "waiting"
    await house.after(0)
    await house.after(0)
    assert sorted(asked.json["type"] for asked in server.asked) == ["alert.drill", "alert.test"]
    (delivery,) = receivers.deliveries_of(house.db, "high_error_rate", [notice])
    assert {receivers.prove(house.db, one).state for one in (test, delivery)} == {"proved"}
    assert receivers.get(house.db, "ops").proved_at_ms == house.clock.now_ms()
    house.fire()
    await house.after(30)
    assert len(server.asked) == 3, "a drill does not use up the rule's turn"


async def test_a_test_that_fails_says_so_at_once(house: House) -> None:
    house.add(url="http://127.0.0.1:1/in")
    test = receivers.send_test(house.db, "ops", house.by)
    await house.after(0)
    proof = receivers.prove(house.db, test)
    assert (proof.state, proof.words) == ("failed", "no connection")


async def test_a_changed_rule_is_told_as_what_it_is(house: House, server: Server) -> None:
    house.add(url=server.url)
    house.fire()
    await house.after(30)
    switch(house.db, "high_error_rate", house.by, enabled=False)
    await house.after(300)
    last = server.asked[-1].json
    assert last["type"] == "alert.resolved" and last["title"].startswith("[ENDED]")
    assert "rule was disabled" in last["text"]


async def test_a_secret_that_cannot_be_read_is_a_failed_attempt_not_the_end(
    house: House, server: Server, secret: Callable[[str, str], str]
) -> None:
    house.add(url=server.url, secret_file="later")
    house.fire()
    await house.after(30)
    assert server.asked == [], "nothing is sent unsigned that should be signed"
    assert "There is no secret" in receivers.get(house.db, "ops").problem
    secret("later", "whsec_" + "A" * 32)
    await house.after(10)
    assert "webhook-signature" in {name.lower() for name in server.asked[0].headers}


async def test_an_address_that_is_not_allowed_is_not_called(house: House, server: Server) -> None:
    from greenbot.outbound.guard import Policy

    house.reach = replace(house.reach, policy=Policy)
    house.add(url=server.url)
    house.fire()
    await house.after(30)
    assert server.asked == []
    assert "not an address of the public Internet" in receivers.get(house.db, "ops").problem


async def test_what_was_told_long_ago_is_forgotten_but_not_what_an_open_alert_needs(
    house: House, server: Server
) -> None:
    house.add(url=server.url)
    house.fire("high_error_rate", "kyiv")
    house.fire("slow_response", "odesa")
    await house.after(30)
    house.resolve("slow_response", "odesa")
    await house.after(300)
    before_ms = house.clock.now_ms() + 1
    while prune(house.db, before_ms=before_ms, most=1):
        pass
    assert [(kind, instance) for kind, instance, *_ in house.rows("notices")] == [("firing", "kyiv")]
    assert len(house.rows()) == 1
    house.resolve("high_error_rate", "kyiv")
    await house.after(300)
    assert heard(server)[-1] == ("alert.resolved", ["kyiv"])


async def test_pagerduty_follows_an_alert_from_its_beginning_over_the_note_to_its_end(
    house: House, server: Server, secret: Callable[[str, str], str]
) -> None:
    base = server.url.removesuffix("/in")
    house.add("pager", "pagerduty", key_file=secret("pd", "0123456789abcdef0123456789abcdef"), api_url=base)
    house.fire()
    await house.after(30)
    acks.acknowledge(house.db, "high_error_rate", "kyiv", house.by)
    await house.after(1)
    house.resolve()
    await house.after(300)
    assert [asked.json["event_action"] for asked in server.asked] == ["trigger", "acknowledge", "resolve"]
    assert len({asked.json["dedup_key"] for asked in server.asked}) == 1


async def test_when_a_rule_is_removed_those_who_were_told_of_its_alert_hear_that(house: House, server: Server) -> None:
    house.add(url=server.url)
    house.fire()
    await house.after(30)
    remove(house.db, "high_error_rate", house.by)
    await house.after(300)
    assert heard(server)[-1] == ("alert.resolved", ["kyiv"])
    assert "nothing watches this now" in server.asked[-1].json["text"]


async def test_who_was_paused_for_too_long_writes_nothing_when_it_comes_back(house: House, server: Server) -> None:
    house.add(url=server.url)
    number = receivers.send_test(house.db, "ops", house.by)
    (slow,) = deliveries.claim(house.db, [number], owner="slow", clock=house.clock)
    house.clock.advance(deliveries.LEASE_MS / 1000)
    assert deliveries.recover(house.db, is_alive=lambda _: True, mine=(), clock=house.clock) == 1
    (fresh,) = deliveries.claim(house.db, [number], owner="fresh", clock=house.clock)
    told = Told(outcome="ok", words="status 200", proof="status 200", is_proved=True)
    rng = random.Random(7)
    assert deliveries.finish(house.db, slow, told, clock=house.clock, rng=rng) == "taken over"
    assert house.rows() == [("ops", "sending")]
    assert deliveries.finish(house.db, fresh, told, clock=house.clock, rng=rng) == "proved"

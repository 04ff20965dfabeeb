"""When the watcher looks at a number, and when a number that was rebooted counts as back."""

import pytest

from greenbot.fleet.restart import Restart
from greenbot.fleet.rounds import Place, due_ms, place_of
from greenbot.resilience.health import Health, answered, refused

NOW_MS = 1_790_000_000_000
EVERY_MS = 60_000


def authorized(asked_at_ms: int) -> Health:
    return Health(state="authorized", account="authorized", seen_at_ms=asked_at_ms, asked_at_ms=asked_at_ms)


def due(health: Health, slot_ms: int = 0, first_ms: int = 0, began_ms: int = NOW_MS) -> int:
    place = Place(every_ms=EVERY_MS, slot_ms=slot_ms, first_ms=first_ms)
    return due_ms(health, NOW_MS, place=place, began_ms=began_ms)


def test_numbers_are_spread_evenly_over_a_round() -> None:
    names = [f"hotel-{number:03d}" for number in range(300)]
    places = [place_of(name, names, EVERY_MS) for name in names]
    assert [place.slot_ms for place in places] == [200 * number for number in range(300)]
    assert [place.first_ms for place in places] == [200 * number for number in range(300)]
    # A few are all known after a few seconds.
    assert [place_of(name, ["a", "b", "c"], EVERY_MS).first_ms for name in "abc"] == [0, 1000, 2000]


@pytest.mark.parametrize("asked_at_ms", [0, NOW_MS - EVERY_MS - 1])
def test_a_number_nobody_asked_lately_waits_for_its_turn_in_the_first_round(asked_at_ms: int) -> None:
    assert due(Health(asked_at_ms=asked_at_ms), slot_ms=40_000, first_ms=7000) == NOW_MS + 7000


# seconds since it was asked, its place in the round, seconds until the next look; negative: it is overdue
PLACES = [
    (60, 0, 0),
    (31, 0, 0),
    (29, 0, 60),
    (0, 0, 60),
    (0, 45, 45),
    (20, 45, 45),
    (20, 5, 65),
    (600, 30, -570),
]


@pytest.mark.parametrize(("since", "place", "wait"), PLACES)
def test_what_others_asked_counts_too(since: int, place: int, wait: int) -> None:
    begin_ms = NOW_MS // EVERY_MS * EVERY_MS
    health = authorized(begin_ms - 1000 * since)
    mine = Place(every_ms=EVERY_MS, slot_ms=1000 * place, first_ms=0)
    at_ms = due_ms(health, begin_ms, place=mine, began_ms=begin_ms - 3_600_000)
    assert at_ms == begin_ms + 1000 * wait


def test_a_number_that_is_not_well_goes_by_its_own_rules() -> None:
    bad = Health(state="not_sendable", account="blocked", asked_at_ms=NOW_MS, seen_at_ms=NOW_MS)
    assert due(bad, 59_000) == NOW_MS + 30_000
    doubted = answered(authorized(NOW_MS - 1000), "notAuthorized", NOW_MS)
    assert due(doubted, 59_000) == NOW_MS + 9_000
    without_token = refused(refused(authorized(NOW_MS), "401", NOW_MS), "401", NOW_MS)
    assert due(without_token) == NOW_MS + 900_000


# what was seen every 2 s after the reboot, and what it comes to
REBOOTS = [
    ("starting starting authorized", "back"),
    ("authorized authorized authorized", "waiting"),  # not gone yet: it may still be the old state
    ("authorized starting authorized", "back"),
    ("starting", "waiting"),
    (" ".join(["authorized"] * 8), "back"),  # 16 s later it must be the new one
    ("starting notAuthorized", "waiting"),
    ("starting notAuthorized notAuthorized", "stuck"),
    ("notAuthorized notAuthorized", "waiting"),
    ("starting notAuthorized authorized", "back"),
    ("- authorized", "back"),  # null while an instance is being created
]


@pytest.mark.parametrize(("script", "standing"), REBOOTS)
def test_a_rebooted_number_is_back_when_it_was_away_or_had_the_time(script: str, standing: str) -> None:
    restart, elapsed_ms = Restart(), 0
    for word in script.split():
        restart, elapsed_ms = restart.seen("" if word == "-" else word), elapsed_ms + 2000
    assert restart.standing(elapsed_ms) == standing

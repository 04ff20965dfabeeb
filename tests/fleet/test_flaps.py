"""Which state of a number is believed, and when: a table of what was said and what follows."""

from dataclasses import dataclass, replace

import pytest

from greenbot.resilience.health import (
    FRESH_MS,
    Health,
    answered,
    ask_at_ms,
    by_person,
    is_doubted,
    may_send,
    missed,
    refused,
    state_at,
    told,
)

START_MS = 1_790_000_000_000


@dataclass(slots=True)
class Story:
    """A number about which one thing after the other is said, so many seconds after the begin."""

    health: Health

    def play(self, script: str) -> "Story":
        """`look 10 starting` an answer, `event 12 authorized` an event, `miss 20` no answer, `401 30` a refusal."""
        for line in filter(None, map(str.strip, script.split(","))):
            what, second, *word = line.split()
            now_ms = START_MS + 1000 * int(second)
            match what:
                case "look":
                    self.health = answered(self.health, word[0], now_ms)
                case "event":
                    self.health = told(self.health, word[0], event_at_ms=now_ms, now_ms=now_ms)
                case "miss":
                    self.health = missed(self.health, now_ms)
                case "401":
                    self.health = refused(self.health, "token_refused", now_ms)
                case other:
                    raise AssertionError(other)
        return self


def known(account: str = "authorized") -> Story:
    return Story(Health()).play(f"look 0 {account}")


# what was known, what was said, the state that is believed, its account, whether messages leave 1 s later
BELIEVED = [
    # the first word about a number is all there is
    ("", "look 0 authorized", "authorized", "authorized", True),
    ("", "look 0 notAuthorized", "not_sendable", "notAuthorized", False),
    ("", "event 0 blocked", "not_sendable", "blocked", False),
    ("", "event 0 starting", "degraded", "starting", False),
    # one look that is worse: nothing is believed, and nothing leaves
    ("authorized", "look 60 notAuthorized", "authorized", "authorized", False),
    ("authorized", "look 60 starting", "authorized", "authorized", False),
    ("authorized", "look 60 sleepMode", "authorized", "authorized", True),
    # two agreeing looks
    ("authorized", "look 60 notAuthorized, look 70 notAuthorized", "not_sendable", "notAuthorized", False),
    ("authorized", "look 60 starting, look 70 starting", "degraded", "starting", False),
    ("authorized", "look 60 starting, look 70 notAuthorized", "not_sendable", "notAuthorized", False),
    # two looks within a moment are one
    ("authorized", "look 60 notAuthorized, look 62 notAuthorized", "authorized", "authorized", False),
    ("authorized", "look 60 notAuthorized, look 62 notAuthorized, look 66 notAuthorized", "not_sendable",
     "notAuthorized", False),
    # a flicker
    ("authorized", "look 60 notAuthorized, look 70 authorized", "authorized", "authorized", True),
    ("authorized", "look 60 starting, event 61 authorized", "authorized", "authorized", True),
    ("authorized", "look 60 starting, look 70 authorized, look 80 starting, look 90 authorized", "authorized",
     "authorized", True),
    # one event alone, twice the same event, one event and one look in both orders
    ("authorized", "event 60 notAuthorized", "authorized", "authorized", False),
    ("authorized", "event 60 notAuthorized, event 75 notAuthorized", "authorized", "authorized", False),
    ("authorized", "event 60 notAuthorized, look 61 notAuthorized", "not_sendable", "notAuthorized", False),
    ("authorized", "look 60 notAuthorized, event 61 notAuthorized", "not_sendable", "notAuthorized", False),
    ("authorized", "event 60 notAuthorized, look 61 authorized", "authorized", "authorized", True),
    # back again: two looks half a minute apart, or one event and one look
    ("notAuthorized", "look 30 authorized", "not_sendable", "notAuthorized", False),
    ("notAuthorized", "look 30 authorized, look 45 authorized", "not_sendable", "notAuthorized", False),
    ("notAuthorized", "look 30 authorized, look 60 authorized", "authorized", "authorized", True),
    ("notAuthorized", "look 30 authorized, look 60 notAuthorized, look 90 authorized", "not_sendable",
     "notAuthorized", False),
    ("notAuthorized", "event 30 authorized", "not_sendable", "notAuthorized", False),
    ("notAuthorized", "event 30 authorized, look 31 authorized", "authorized", "authorized", True),
    ("starting", "look 15 authorized, look 25 authorized", "authorized", "authorized", True),
    # another word for the same is no change
    ("notAuthorized", "look 30 blocked", "not_sendable", "blocked", False),
    ("yellowCard", "event 30 suspended", "not_sendable", "suspended", False),
    # no answer is no state: it neither confirms nor denies
    ("authorized", "miss 60, miss 65", "authorized", "authorized", True),
    ("authorized", "miss 60, miss 65, miss 70", "unreachable", "authorized", True),
    ("authorized", "look 60 notAuthorized, miss 70, look 90 notAuthorized", "not_sendable", "notAuthorized", False),
    ("authorized", "look 60 notAuthorized, miss 70, miss 80, miss 95", "unreachable", "authorized", False),
    ("authorized", "miss 60, miss 65, miss 70, look 90 authorized", "authorized", "authorized", True),
    ("authorized", "miss 60, miss 65, miss 70, look 90 blocked", "unreachable", "authorized", False),
    ("authorized", "miss 60, miss 65, miss 70, look 90 blocked, look 100 blocked", "not_sendable", "blocked", False),
    # what was heard and never confirmed is forgotten, and what was known so long ago counts no more
    ("authorized", "look 60 notAuthorized, look 400 notAuthorized", "not_sendable", "notAuthorized", False),
    # a refused token outweighs every state; only a person's word ends it
    ("authorized", "401 60, 401 61, look 70 authorized, event 80 notAuthorized", "auth_failed", "authorized", False),
]  # fmt: skip


@pytest.mark.parametrize(("before", "script", "state", "account", "leaves"), BELIEVED)
def test_what_is_believed_and_whether_messages_leave(
    before: str, script: str, state: str, account: str, leaves: bool
) -> None:
    story = (known(before) if before else Story(Health())).play(script)
    last_ms = START_MS + 1000 * int(script.rpartition(",")[2].split()[1])
    assert (story.health.state, story.health.account) == (state, account)
    assert may_send(story.health, last_ms + 1000).go is leaves


def test_who_said_a_state_is_remembered_with_it() -> None:
    assert known().health.source == "look"
    assert known().play("event 60 blocked, look 61 blocked").health.source == "event"
    assert known().play("look 60 blocked, look 70 blocked").health.source == "look"
    linked = by_person(known("notAuthorized").health, "authorized", "linked", START_MS + 5000)
    assert (linked.state, linked.source, linked.heard) == ("authorized", "person", "")


def test_an_event_is_followed_up_at_once_and_an_answer_after_ten_seconds() -> None:
    event = known().play("event 60 notAuthorized").health
    assert ask_at_ms(event, START_MS + 60_000) == START_MS + 60_000
    asked = Story(replace(known().health, asked_at_ms=START_MS + 60_000))
    assert ask_at_ms(asked.play("look 60 blocked").health, START_MS + 60_000) == START_MS + 70_000
    # Without an answer more and more seldom, but at least once a minute.
    waits = [ask_at_ms(asked.play("miss 61").health, START_MS + 61_000) - START_MS - 60_000 for _ in range(5)]
    assert waits == [20_000, 40_000, 60_000, 60_000, 60_000]


def test_an_event_that_nobody_can_confirm_holds_messages_for_three_minutes_and_not_for_ever() -> None:
    heard = known().play("look 55 authorized, event 60 notAuthorized").health
    before, after = START_MS + 60_000 + FRESH_MS, START_MS + 60_001 + FRESH_MS
    assert is_doubted(heard, before)
    assert not is_doubted(heard, after)
    assert not may_send(heard, before).go
    # What was known is too old by then as well: it is asked, and after ten seconds the breaker alone decides.
    assert state_at(heard, after) == "unknown"
    assert may_send(heard, after + 10_000).go


def test_an_older_event_changes_nothing() -> None:
    story = known().play("event 60 notAuthorized")
    later = told(story.health, "authorized", event_at_ms=START_MS + 50_000, now_ms=START_MS + 61_000)
    assert later == story.health


def test_a_number_that_flickers_all_day_is_believed_well_and_never_a_state_of_its_own() -> None:
    story, moves = known(), 0
    for minute in range(1, 24 * 60):
        word = "starting" if minute % 12 == 0 else "authorized"
        before = story.health.state
        story.play(f"look {60 * minute} {word}, look {60 * minute + 10} authorized")
        moves += story.health.state != before
    assert (story.health.state, moves, story.health.since_at_ms) == ("authorized", 0, START_MS)

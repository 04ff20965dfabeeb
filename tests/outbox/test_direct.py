"""A shell that sends by itself: limits, rules, breaker, retries and health bind it as they bind a worker."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenbot.api.facts import Outcome, OutcomeClass
from greenbot.api.inline import run_inline
from greenbot.campaigns import newchats, suppress
from greenbot.campaigns.dispatch import DispatchRules
from greenbot.clock import ManualClock
from greenbot.db.audit import Operator
from greenbot.db.connect import Db
from greenbot.errors import CredentialsRefused, GreenbotError, Limited, Refused, Unreachable
from greenbot.outbox import pauses
from greenbot.outbox.claims import Claim, mark_sending
from greenbot.outbox.delivery import Delivery
from greenbot.outbox.direct import Direct, check_open
from greenbot.outbox.history import calls_of
from greenbot.outbox.limits import LaneLimits
from greenbot.outbox.owner import Owner
from greenbot.outbox.table import get
from greenbot.resilience.line_files import LineFiles
from greenbot.resilience.retry import RetryPolicy
from tests.outbox.conftest import ACCEPTED, OTHER_GUEST, Add, Line

C = OutcomeClass
BUSY = Outcome(cls=C.NOT_SENT, reason="http_503", detail="come back later", status=503)
LIMITED = Outcome(cls=C.LIMITED, reason="rate_limited", status=429, retry_after_seconds=7.0)
LOST = Outcome(cls=C.AMBIGUOUS, reason="connection_lost", detail="the peer hung up")
FORBIDDEN = Outcome(cls=C.AUTH, reason="token_refused", status=401)
UNREACHABLE = Outcome(cls=C.NOT_SENT, reason="connect_failed", detail="connection refused")


@dataclass(kw_only=True)
class Shell:
    """One shell after the other, on one clock; what they were told, and how long each wait was."""

    db: Db
    clock: ManualClock
    owner: Owner
    lines: LineFiles
    limits: LaneLimits = field(default_factory=LaneLimits)
    wait_seconds: float = 60.0
    answers: list[Outcome] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    counted: list[tuple[str, int]] = field(default_factory=list)
    posts: list[float] = field(default_factory=list)
    interrupted: bool = False

    def send(self, message_id: int) -> Delivery:
        direct = Direct(
            db=self.db,
            instance="kyiv",
            client=Line(self._answer),
            asker=Line(Outcome(cls=C.OK, reason="ok", data={"stateInstance": "authorized"}, status=200)),
            owner=self.owner,
            clock=self.clock,
            lines=self.lines,
            limits=self.limits,
            wait_seconds=self.wait_seconds,
            rules=DispatchRules(clock=self.clock),
            tell=self.told.append,
            wait=self._wait,
            on_wait=lambda instance, wait_ms: self.counted.append((instance, wait_ms)),
        )
        return run_inline(direct.send(message_id))

    def _answer(self) -> Outcome:
        self.posts.append(self.clock.monotonic())
        return self.answers.pop(0) if self.answers else ACCEPTED

    def _wait(self, seconds: float) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.waits.append(seconds)
        self.clock.advance(seconds)


@pytest.fixture
def shell(db: Db, clock: ManualClock, owner: Owner, tmp_path: Path) -> Shell:
    return Shell(db=db, clock=clock, owner=owner, lines=LineFiles(tmp_path / "limits", clock))


def by(clock: ManualClock) -> Operator:
    return Operator(name="anna", clock=clock)


# -- limits


def test_no_window_is_exceeded_however_many_shells_send(shell: Shell, add: Add) -> None:
    shell.limits = LaneLimits(minute_count=6, second_rate=2.0)
    for number in range(13):
        assert shell.send(add(to=f"38044000{number:04d}").id).sent
    assert min(later - sooner for sooner, later in zip(shell.posts, shell.posts[2:], strict=False)) >= 1.0
    assert min(later - sooner for sooner, later in zip(shell.posts, shell.posts[6:], strict=False)) >= 60.0


@pytest.mark.parametrize("slow_ms", [60, 700])
@pytest.mark.parametrize("nth", [2, 3, 7])
def test_a_slow_commit_before_the_call_makes_no_window_too_full(
    shell: Shell, add: Add, monkeypatch: pytest.MonkeyPatch, slow_ms: int, nth: int
) -> None:
    marks: list[Claim] = []

    def slow_disk(db: Db, held: Claim, *, clock: ManualClock) -> Claim:
        marks.append(held)
        if len(marks) == nth:
            clock.advance(slow_ms / 1000)
        return mark_sending(db, held, clock=clock)

    monkeypatch.setattr("greenbot.outbox.deliver.mark_sending", slow_disk)
    shell.limits = LaneLimits(minute_count=6, second_rate=2.0)
    for number in range(13):
        assert shell.send(add(to=f"38044000{number:04d}").id).sent
    assert min(later - sooner for sooner, later in zip(shell.posts, shell.posts[2:], strict=False)) >= 1.0
    assert min(later - sooner for sooner, later in zip(shell.posts, shell.posts[6:], strict=False)) >= 60.0


def test_who_waits_is_told_why_and_until_when(shell: Shell, add: Add) -> None:
    shell.limits = LaneLimits(minute_count=1, second_rate=2.0)
    shell.send(add().id)
    assert shell.counted == [], "who leaves at once waited for nothing"
    shell.wait_seconds = 120.0
    shell.send(add().id)
    assert shell.counted == [("kyiv", round(shell.waits[0] * 1000))]
    (words,) = shell.told
    assert re.fullmatch(r"It may leave in 60 s, at \d\d:\d\d:\d\d \S+: the limit of 1 per minute\.", words), words


def test_a_turn_that_comes_too_late_is_exit_5_and_nothing_stays_behind(shell: Shell, add: Add) -> None:
    shell.limits = LaneLimits(minute_count=1, second_rate=2.0)
    shell.send(add().id)
    late = add(to=OTHER_GUEST)
    shell.wait_seconds = 10.0
    with pytest.raises(Limited) as caught:
        shell.send(late.id)
    assert (caught.value.exit_code, caught.value.message_id) == (5, late.id)
    assert 59 <= (caught.value.retry_after_seconds or 0) <= 61
    assert "--queue" in str(caught.value.hint)
    message = get(shell.db, late.id)
    assert (message.state, message.reason, len(shell.posts)) == ("failed", "not_sent", 1)
    assert shell.counted == [], "it did not wait, it gave up"
    # Its place in the line was given back: the next one waits no longer than it would have.
    shell.wait_seconds = 61.0
    assert shell.send(add(to=OTHER_GUEST).id).sent


def test_after_a_429_it_waits_as_long_as_asked_and_tries_again(shell: Shell, add: Add) -> None:
    shell.answers = [LIMITED]
    assert shell.send(add().id).sent
    assert shell.posts[1] - shell.posts[0] >= 7.0
    assert "429" in shell.told[0]


# -- retries


@pytest.mark.parametrize(
    ("answers", "posts", "state"),
    [
        ([BUSY], 2, "accepted"),
        ([BUSY, UNREACHABLE, BUSY], 4, "accepted"),
        ([BUSY, BUSY, BUSY, BUSY], 4, "failed"),
        ([LOST], 1, "uncertain"),
        ([BUSY, LOST], 2, "uncertain"),
        ([Outcome(cls=C.PERMANENT, reason="bad_request", status=400)], 1, "failed"),
        ([FORBIDDEN], 1, "failed"),
    ],
    ids=["once", "three times", "never", "unknown", "unknown later", "refused", "forbidden"],
)
def test_only_what_is_known_not_sent_is_tried_again(
    shell: Shell, add: Add, answers: list[Outcome], posts: int, state: str
) -> None:
    shell.answers = answers
    delivery = shell.send(add().id)
    assert (len(shell.posts), delivery.message.state, len(calls_of(shell.db, delivery.message.id))) == (
        posts,
        state,
        posts,
    )


def test_the_waits_double_and_vary_by_half(shell: Shell, add: Add) -> None:
    shell.answers = [BUSY, BUSY, BUSY]
    shell.send(add().id)
    gaps = [later - sooner for sooner, later in zip(shell.posts, shell.posts[1:], strict=False)]
    for gap, expected in zip(gaps, (1.0, 2.0, 4.0), strict=True):
        assert 0.5 * expected <= gap <= 1.5 * expected + 0.6


def test_retries_can_be_switched_off(shell: Shell, add: Add) -> None:
    shell.limits = LaneLimits(retry=RetryPolicy(max_retries=0))
    shell.answers = [BUSY]
    assert (shell.send(add().id).message.state, len(shell.posts)) == ("failed", 1)


def test_who_stops_it_between_two_tries_leaves_nothing_behind(shell: Shell, add: Add) -> None:
    shell.answers, shell.interrupted = [BUSY], True
    message = add()
    with pytest.raises(KeyboardInterrupt):
        shell.send(message.id)
    assert (get(shell.db, message.id).state, len(shell.posts)) == ("failed", 1)


# -- rules


def suppressed(db: Db, clock: ManualClock) -> None:
    suppress.add(db, ["380441234567@c.us"], suppress.By(actor="anna"), clock)


def test_a_guest_who_wants_no_promotions_gets_none(shell: Shell, add: Add) -> None:
    suppressed(shell.db, shell.clock)
    promo = add(message_class="promo")
    with pytest.raises(Refused, match="wants no promotions") as caught:
        shell.send(promo.id)
    assert (caught.value.exit_code, caught.value.message_id) == (10, promo.id)
    assert (get(shell.db, promo.id).state, shell.posts) == ("cancelled", [])
    assert shell.send(add(message_class="service").id).sent


def test_the_caps_on_new_chats_hold(shell: Shell, add: Add) -> None:
    newchats.set_limit(shell.db, "kyiv", newchats.NewChatLimit(per_day=1), shell.clock)
    assert shell.send(add().id).sent
    new = add(to=OTHER_GUEST)
    with pytest.raises(Limited, match="as many new guests today") as caught:
        shell.send(new.id)
    assert (caught.value.exit_code, get(shell.db, new.id).state, len(shell.posts)) == (5, "failed", 1)
    assert shell.send(add("Once more").id).sent


# -- the instance and its hosts


def test_an_open_breaker_lets_nothing_out(shell: Shell, add: Add) -> None:
    shell.limits = LaneLimits(retry=RetryPolicy(max_retries=0))
    shell.answers = [UNREACHABLE] * 50
    for number in range(9):
        try:
            shell.send(add(to=f"38044000{number:04d}").id)
        except Unreachable:
            break
    before = len(shell.posts)
    message = add()
    with pytest.raises(Unreachable, match="circuit breaker") as caught:
        shell.send(message.id)
    assert (caught.value.exit_code, len(shell.posts), get(shell.db, message.id).state) == (6, before, "failed")


def refuse_twice(shell: Shell, add: Add) -> None:
    shell.answers = [FORBIDDEN, FORBIDDEN]
    shell.send(add().id)
    shell.send(add().id)


def pause(shell: Shell, add: Add) -> None:
    pauses.pause(shell.db, "kyiv", reason="inspection", by=by(shell.clock))


@pytest.mark.parametrize(
    ("happened", "error"), [(refuse_twice, CredentialsRefused), (pause, Refused)], ids=["refused", "paused"]
)
def test_nothing_is_accepted_for_an_instance_that_stands_still(
    shell: Shell, add: Add, happened: Callable[[Shell, Add], None], error: type[GreenbotError]
) -> None:
    check_open(shell.db, "kyiv")
    happened(shell, add)
    with pytest.raises(error):
        check_open(shell.db, "kyiv")

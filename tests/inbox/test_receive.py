"""Polling: what is kept of an answer, and when it is deleted at GREEN-API."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenbot.api.endpoint import Endpoint
from greenbot.api.facts import Outcome, Reply
from greenbot.api.outcome import classify
from greenbot.clock import ManualClock
from greenbot.db.connect import Db
from greenbot.inbox import receive
from greenbot.inbox.consumer import turn_of
from greenbot.inbox.receive import Receiver
from tests.inbox.conftest import EXPECTED, text

WRITTEN = b'{"typeWebhook" : "incomingMessageReceived",\n "idMessage":"\\u0041", "timestamp":1790000000,"n":1.50}'


@dataclass
class GreenApi:
    """A queue of answers, as bytes; the first one comes until its receipt is deleted."""

    answers: list[bytes]
    deleted: list[object] = field(default_factory=list)

    async def exchange(self, endpoint: Endpoint, params: Mapping[str, object]) -> Outcome:
        return classify(endpoint, Reply(status=200, headers={}, body=self._answer(endpoint.name, params)))

    def _answer(self, method: str, params: Mapping[str, object]) -> bytes:
        if method == "getSettings":
            return b'{"webhookUrl":""}'
        if method == "receiveNotification":
            return self.answers[0] if self.answers else b"null"
        self.deleted.append(params["receiptId"])
        if self.answers:
            self.answers.pop(0)
        return b'{"result":true}'


@dataclass
class Desk:
    db: Db
    clock: ManualClock
    folder: Path

    async def drain(self, *answers: bytes) -> GreenApi:
        there = GreenApi([*answers])
        with self.receiver(there) as receiver:
            await receiver.run(follow=False)
        return there

    @contextmanager
    def receiver(self, there: GreenApi) -> Iterator[Receiver]:
        with turn_of(self.db, "kyiv", owner="me", run_dir=self.folder, clock=self.clock) as turn:
            yield Receiver(
                self.db,
                there,
                turn,
                clock=self.clock,
                rng=random.Random(1),
                expected_ids=EXPECTED,
                on_received=lambda kept, arrival: None,
            )

    def kept(self) -> list[tuple[bytes, str, str]]:
        rows = self.db.all("select raw, state, reason from events order by id")
        return [(bytes(row["raw"]), row["state"], row["reason"]) for row in rows]


@pytest.fixture
def desk(db: Db, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    async def at_once(self: object, *_: object) -> None:
        """Rest no time."""

    monkeypatch.setattr(receive.Receiver, "_rest", at_once)
    return Desk(db, clock, tmp_path / "run")


async def test_the_bytes_of_the_body_are_kept_as_green_api_wrote_them(desk: Desk) -> None:
    there = await desk.drain(b'{"receiptId":3, "body":' + WRITTEN + b"}", b'{"body":' + text(2) + b',"receiptId":4}')
    assert desk.kept() == [(WRITTEN, "stored", "received"), (text(2), "stored", "received")]
    assert there.deleted == [3, 4]


@pytest.mark.parametrize(
    "body",
    [
        b'{"typeWebhook":"a","n":NaN}',
        b'{"typeWebhook":"a","text":"\xff"}',
        b'{"typeWebhook":"a","deep":' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"typeWebhook":"a","text":"an "odd" quote"}',
        b'"not even an object"',
        b"[1,2]",
    ],
    ids=lambda body: repr(body[18:40]),
)
async def test_what_no_parser_takes_is_kept_and_does_not_block_the_queue(desk: Desk, body: bytes) -> None:
    there = await desk.drain(b'{"receiptId":5,"body":' + body + b"}", b'{"receiptId":6,"body":' + text(1) + b"}")
    assert desk.kept() == [(body, "quarantined", "unreadable"), (text(1), "stored", "received")]
    assert there.deleted == [5, 6]


async def test_an_answer_without_an_end_is_believed_when_it_comes_again_and_again(desk: Desk) -> None:
    broken = b'{"receiptId":7,"body":{"typeWebhook":"a'
    there = await desk.drain(broken, b'{"receiptId":8,"body":' + text(1) + b"}")
    assert desk.kept() == [(broken, "quarantined", "unreadable"), (text(1), "stored", "received")]
    assert there.deleted == [7, 8]


async def test_an_answer_that_was_cut_on_its_way_is_asked_for_again(desk: Desk) -> None:
    whole = b'{"receiptId":9,"body":' + text(1) + b"}"
    there = GreenApi([whole])
    cuts = [whole[:60], whole[:80], whole[:60], whole[:99]]
    plain = there._answer
    there._answer = lambda method, params: (  # type: ignore[method-assign]  # the network of this test
        cuts.pop() if method == "receiveNotification" and cuts else plain(method, params)
    )
    with desk.receiver(there) as receiver:
        await receiver.run(follow=False)
    assert desk.kept() == [(text(1), "stored", "received")]
    assert there.deleted == [9]


async def test_a_page_of_somebody_else_is_no_notification(desk: Desk) -> None:
    there = GreenApi([b"<html>Welcome to the Wi-Fi</html>"])
    with desk.receiver(there) as receiver, pytest.raises(receive._Failed):
        await receiver._next(5)
    assert (desk.kept(), there.deleted) == ([], [])

"""The mock for people who test against greenbot behaves like the service it stands for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from greenbot.errors import CredentialsRefused, GreenbotError, InstanceNotReady, OutcomeUnknown
from greenbot.simulator.actions import ActionError
from greenbot.simulator.faults import FaultSyntaxError
from tests.mocks.green_api_mock import ID_INSTANCE, MockGreenAPIClient

pytestmark = pytest.mark.green_api

ANNA = "11001234568@c.us"
BERT = "11001234569@c.us"


@pytest.fixture
async def mock_api() -> AsyncIterator[MockGreenAPIClient]:
    async with MockGreenAPIClient(seed=3) as started:
        yield started


Send = Callable[[MockGreenAPIClient], Awaitable[str]]
SENDS: dict[str, tuple[Send, str]] = {
    "sendMessage": (lambda mock: mock.send_text_message(ANNA, "Hello"), "Hello"),
    "sendFileByUrl": (
        lambda mock: mock.send_file_by_url(ANNA, "https://example.invalid/a.pdf", "a.pdf", caption="Bill"),
        "Bill",
    ),
    "sendLocation": (lambda mock: mock.send_location(ANNA, 52.37, 4.89, name="Hotel"), ""),
    "sendContact": (
        lambda mock: mock.send_contact(ANNA, {"phoneContact": 11001230000, "firstName": "Desk"}),
        "",
    ),
    "sendPoll": (lambda mock: mock.send_poll(ANNA, "Tea?", ["Yes", "No"]), "Tea?"),
}


@pytest.mark.parametrize("method", SENDS)
async def test_every_kind_of_message_is_remembered(method: str, mock_api: MockGreenAPIClient) -> None:
    send, text = SENDS[method]
    id_message = await send(mock_api)
    (sent,) = mock_api.get_sent_messages()
    assert (sent.method, sent.chat_id, sent.text, sent.id_message) == (method, ANNA, text, id_message)
    assert sent.params["chatId"] == ANNA


async def test_sent_messages_can_be_asked_for_one_chat(mock_api: MockGreenAPIClient) -> None:
    await mock_api.send_text_message(ANNA, "to Anna")
    await mock_api.send_text_message(BERT, "to Bert")
    assert [sent.text for sent in mock_api.get_sent_messages(BERT)] == ["to Bert"]


async def test_about_the_given_share_of_sends_fails_and_failed_ones_are_not_remembered(
    mock_api: MockGreenAPIClient,
) -> None:
    mock_api.set_failure_rate(0.3)
    failures = await _failures(mock_api, 100)
    assert 15 <= failures <= 45
    assert len(mock_api.get_sent_messages()) == 100 - failures


async def test_the_same_seed_fails_at_the_same_sends() -> None:
    counts = []
    for _ in range(2):
        async with MockGreenAPIClient(seed=8) as mock_api:
            mock_api.set_failure_rate(0.5)
            counts.append([await _failures(mock_api, 1) for _ in range(20)])
    assert counts[0] == counts[1]
    assert 0 < sum(counts[0]) < 20


async def _failures(mock_api: MockGreenAPIClient, sends: int) -> int:
    failures = 0
    for number in range(sends):
        try:
            await mock_api.send_text_message(ANNA, f"message {number}")
        except GreenbotError:
            failures += 1
    return failures


async def test_a_new_failure_rate_replaces_the_old_one(mock_api: MockGreenAPIClient) -> None:
    mock_api.set_failure_rate(1)
    assert await _failures(mock_api, 3) == 3
    mock_api.set_failure_rate(0)
    assert await _failures(mock_api, 3) == 0


async def test_a_lost_answer_is_an_unknown_outcome_and_the_message_went_out(
    mock_api: MockGreenAPIClient,
) -> None:
    mock_api.set_failure_rate(1, fault="drop-reply")
    with pytest.raises(OutcomeUnknown):
        await mock_api.send_text_message(ANNA, "Hello")
    assert [sent.text for sent in mock_api.get_sent_messages()] == ["Hello"]


@pytest.mark.parametrize(("fault", "error"), [("401", CredentialsRefused), ("503", GreenbotError)])
async def test_the_errors_are_those_of_the_client(
    fault: str, error: type[GreenbotError], mock_api: MockGreenAPIClient
) -> None:
    mock_api.set_failure_rate(1, fault=fault)
    with pytest.raises(error):
        await mock_api.send_text_message(ANNA, "Hello")
    assert mock_api.get_sent_messages() == []


async def test_a_starting_instance_refuses(mock_api: MockGreenAPIClient) -> None:
    mock_api.set_instance_state("starting")
    with pytest.raises(InstanceNotReady):
        await mock_api.send_text_message(ANNA, "Hello")
    assert mock_api.get_sent_messages() == []


async def test_an_unlinked_number_accepts_and_keeps_the_message_as_green_api_does(
    mock_api: MockGreenAPIClient,
) -> None:
    mock_api.set_instance_state("notAuthorized")
    await mock_api.send_text_message(ANNA, "Hello")
    assert len(mock_api.get_sent_messages()) == 1
    assert mock_api.world.inbox() == []


async def test_it_starts_by_itself_and_ends_twice() -> None:
    mock_api = MockGreenAPIClient()
    try:
        await mock_api.send_text_message(ANNA, "Hello")
        assert (await (await mock_api.client()).get_state_instance()) == {"stateInstance": "authorized"}
    finally:
        await mock_api.aclose()
    await mock_api.aclose()
    assert mock_api.world.instances.keys() == {ID_INSTANCE}


async def test_mistakes_of_the_test_are_told_at_once() -> None:
    mock_api = MockGreenAPIClient()
    with pytest.raises(FaultSyntaxError):
        mock_api.set_failure_rate(1.5)
    with pytest.raises(FaultSyntaxError):
        mock_api.set_failure_rate(0.5, fault="explode")
    with pytest.raises(ActionError):
        mock_api.set_instance_state("happy")

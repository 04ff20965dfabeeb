"""The send queue: order, pace, the hidden head, retention, and how a message ends."""

from __future__ import annotations

from typing import Any

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.records import Group
from greenbot.simulator.world import Instance, Timings, World
from tests.simulator.conftest import GUEST, OTHER_GUEST, START, Api

GROUP = "120363043968066561@g.us"


async def send(api: Api, text: str = "hello", chat_id: str = GUEST) -> str:
    answer: Any = (await api.post("sendMessage", {"chatId": chat_id, "message": text})).json
    return str(answer["idMessage"])


def statuses(instance: Instance) -> list[tuple[float, object]]:
    """(seconds since the start, status) of every status webhook in the queue."""
    return [
        (round(each.queued_at - START, 3), each.body["status"])
        for each in instance.notifications.waiting()
        if each.body["typeWebhook"] == "outgoingMessageStatus"
    ]


@pytest.fixture
def group(instance: Instance) -> Group:
    members = {instance.phone: "superadmin", GUEST: "member", OTHER_GUEST: "member"}
    made = Group(group_id=GROUP, subject="Project", owner=instance.phone, created_at=1, members=members, invite_link="")
    instance.groups[GROUP] = made
    return made


async def test_messages_leave_in_order_at_the_pace_of_the_settings(
    api: Api, instance: Instance, world: World, clock: SimClock
) -> None:
    instance.settings["delaySendMessagesMilliseconds"] = 15_000
    for text in "abc":
        await send(api, text)
    await clock.advance(60)
    assert [(message.text, round(message.at - START, 1)) for message in world.inbox()] == [
        ("a", 0.4),
        ("b", 15.4),
        ("c", 30.4),
    ]


async def test_typing_time_adds_to_the_pause(api: Api, world: World, clock: SimClock) -> None:
    await send(api, "first")
    await api.post("sendMessage", {"chatId": GUEST, "message": "second", "typingTime": 10_000})
    await clock.advance(20)
    assert [round(message.at - START, 1) for message in world.inbox()] == [0.4, 10.9]


async def test_automatic_typing_adds_to_the_pause(api: Api, instance: Instance, world: World, clock: SimClock) -> None:
    instance.settings["autoTyping"] = 4
    for text in "ab":
        await send(api, text)
    await clock.advance(20)
    assert [round(message.at - START, 1) for message in world.inbox()] == [0.4, 4.9]


async def test_the_counter_may_be_older_than_the_queue(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.world.timings = Timings(counter_refresh=10)
    instance.change_state("notAuthorized")
    assert (await api.get("getMessagesCount")).json == {"count": 0}
    await send(api)
    await clock.advance(9)
    assert (await api.get("getMessagesCount")).json == {"count": 0}
    await clock.advance(1)
    assert (await api.get("getMessagesCount")).json == {"count": 1}


async def test_a_quiet_queue_sends_at_once(api: Api, world: World, clock: SimClock) -> None:
    await send(api)
    await clock.advance(100)
    await send(api)
    await clock.advance(0.4)
    assert [round(message.at - START, 1) for message in world.inbox()] == [0.4, 100.4]


async def test_the_head_of_the_queue_is_hidden(api: Api, instance: Instance) -> None:
    instance.change_state("notAuthorized")
    await send(api, "only one")
    assert (await api.get("showMessagesQueue")).json == []
    assert (await api.get("getMessagesCount")).json == {"count": 1}
    second = await send(api, "second")
    (shown,) = listed((await api.get("showMessagesQueue")).json)
    assert (shown["messageID"], shown["messagesIDs"], shown["type"]) == (second, [second], "sendMessage")
    assert shown["body"] == {
        "chatId": GUEST,
        "message": "second",
        "linkPreview": True,
        "typePreview": None,
        "typingTime": None,
        "quotedMessageId": None,
    }
    instance.knobs.hide_queue_head = False
    assert len(listed((await api.get("showMessagesQueue")).json)) == 2


def listed(value: object) -> list[Any]:
    assert isinstance(value, list)
    return value


async def test_the_queue_shows_its_first_five_hundred(api: Api, instance: Instance) -> None:
    instance.change_state("notAuthorized")
    for number in range(502):
        await send(api, str(number))
    shown = listed((await api.get("showMessagesQueue")).json)
    assert [shown[0]["body"]["message"], shown[-1]["body"]["message"], len(shown)] == ["1", "500", 500]
    assert (await api.get("getMessagesCount")).json == {"count": 502}


async def test_the_count_may_come_with_a_cyrillic_key(api: Api, instance: Instance) -> None:
    instance.knobs.cyrillic_count = True
    assert (await api.get("getMessagesCount")).json == {"\u0441ount": 0}


async def test_a_cleared_queue_sends_nothing(api: Api, instance: Instance, world: World, clock: SimClock) -> None:
    instance.change_state("notAuthorized")
    await send(api)
    assert (await api.get("clearMessagesQueue")).json == {"isCleared": True}
    instance.change_state("authorized")
    await clock.advance(60)
    assert world.inbox() == []


@pytest.mark.parametrize("state", ["notAuthorized", "blocked", "sleepMode"])
async def test_nothing_leaves_until_the_instance_is_authorised(
    api: Api, instance: Instance, world: World, clock: SimClock, state: str
) -> None:
    instance.change_state(state)
    await send(api)
    await clock.advance(3600)
    assert world.inbox() == []
    instance.change_state("authorized")
    await clock.advance(1)
    assert len(world.inbox()) == 1


async def test_a_reboot_pauses_the_queue(api: Api, world: World, clock: SimClock) -> None:
    for text in "ab":
        await send(api, text)
    await clock.advance(0.1)
    await api.get("reboot")
    await clock.advance(19)
    assert [message.text for message in world.inbox()] == ["a"]
    await clock.advance(3)
    assert [message.text for message in world.inbox()] == ["a", "b"]


async def test_after_twenty_four_hours_a_waiting_message_is_dropped(
    api: Api, instance: Instance, world: World, clock: SimClock
) -> None:
    instance.change_state("notAuthorized")
    await send(api, "old")
    await clock.advance(3600)
    await send(api, "younger")
    await clock.advance(23 * 3600)
    assert (await api.get("getMessagesCount")).json == {"count": 1}
    instance.change_state("authorized")
    await clock.advance(10)
    assert [message.text for message in world.inbox()] == ["younger"]


async def test_a_stuck_queue_goes_on_when_it_is_woken(
    api: Api, instance: Instance, world: World, clock: SimClock
) -> None:
    instance.knobs.stuck_queue = True
    await send(api)
    await clock.advance(3600)
    assert world.inbox() == []
    instance.knobs.stuck_queue = False
    instance.send_queue.wake()
    await clock.advance(1)
    assert len(world.inbox()) == 1


async def test_statuses_climb_to_read(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.settings["outgoingWebhook"] = "yes"
    id_message = await send(api)
    await clock.advance(30)
    assert statuses(instance) == [(0.4, "sent"), (1.0, "delivered"), (2.5, "read")]
    message: Any = (await api.post("getMessage", {"chatId": GUEST, "idMessage": id_message})).json
    assert (message["statusMessage"], message["sendByApi"]) == ("read", True)
    assert instance.inbox[0].status == "read"


ENDINGS = [
    ("a guest who does not read", ["sent", "delivered"]),
    ("a number without WhatsApp", ["noAccount"]),
    ("a group of others", ["notInGroup"]),
    ("a group too large", ["failed"]),
    ("oneself", ["sent"]),
    ("a group of one", ["sent"]),
    ("suspended", ["suspended"]),
    ("yellowCard", ["yellowCard"]),
    ("lost after acceptance", []),
]


@pytest.mark.parametrize(("case", "expected"), ENDINGS)
async def test_how_a_message_ends(
    api: Api, instance: Instance, group: Group, clock: SimClock, case: str, expected: list[str]
) -> None:
    chat_id = _arrange(case, instance, group)
    instance.settings["outgoingWebhook"] = "yes"
    await send(api, chat_id=chat_id)
    await clock.advance(60)
    assert [status for _, status in statuses(instance)] == expected
    assert len(instance.inbox) == (1 if "sent" in expected else 0)


def _arrange(case: str, instance: Instance, group: Group) -> str:
    """Prepare the world for one ending; returns the chat to write to."""
    knobs = instance.knobs
    if case == "a guest who does not read":
        knobs.guests_read = False
    elif case == "a number without WhatsApp":
        knobs.guests_without_whatsapp.add(GUEST)
    elif case == "a group of others":
        del group.members[instance.phone]
        return GROUP
    elif case == "a group too large":
        knobs.large_group_limit = 2
        return GROUP
    elif case == "a group of one":
        group.members = {instance.phone: "superadmin"}
        return GROUP
    elif case == "oneself":
        return instance.phone
    elif case == "lost after acceptance":
        knobs.lose_accepted_rate = 1.0
    else:
        instance.world.set_state(instance, case)
    return GUEST


async def test_a_failure_names_its_reason_and_is_not_journalled(
    api: Api, instance: Instance, group: Group, clock: SimClock
) -> None:
    instance.knobs.large_group_limit = 2
    id_message = await send(api, chat_id=GROUP)
    await clock.advance(60)
    (failure,) = [each.body for each in instance.notifications.waiting()]
    assert failure["description"] == "SWE004: the number of participants in the group has been exceeded - 2"
    assert (await api.post("getMessage", {"chatId": GROUP, "idMessage": id_message})).status == 400


async def test_no_account_and_failed_cannot_be_switched_off(api: Api, instance: Instance, clock: SimClock) -> None:
    instance.knobs.guests_without_whatsapp.add(GUEST)
    await send(api)
    await send(api, chat_id=OTHER_GUEST)
    await clock.advance(60)
    assert [status for _, status in statuses(instance)] == ["noAccount"]


async def test_a_restriction_returns_when_something_is_sent_after_a_reboot(
    api: Api, instance: Instance, world: World, clock: SimClock
) -> None:
    world.set_state(instance, "suspended")
    await api.get("reboot")
    await clock.advance(20)
    assert instance.state == "authorized"
    await send(api)
    await clock.advance(1)
    assert (instance.state, world.inbox()) == ("suspended", [])
    await clock.advance(86_400)
    world.set_state(instance, "authorized")
    await send(api)
    await clock.advance(1)
    assert (instance.state, len(world.inbox())) == ("authorized", 1)


async def test_a_restriction_may_drop_only_some_messages(
    api: Api, instance: Instance, world: World, clock: SimClock
) -> None:
    world.set_state(instance, "suspended")
    instance.knobs.suspended_drop_rate = 0.5
    for _ in range(40):
        await send(api)
    await clock.advance(60)
    assert 5 < len(world.inbox()) < 35


async def test_two_runs_with_one_seed_make_the_same_ids(world: World) -> None:
    first = world.add_instance(id_instance=5, token="t").new_message_id()
    world.reset()
    assert world.add_instance(id_instance=5, token="t").new_message_id() == first

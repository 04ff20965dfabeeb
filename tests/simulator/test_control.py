"""The simulator's own door under /_sim/: what it shows, what it changes, whom it refuses."""

from __future__ import annotations

import asyncio

import pytest

from greenbot.simulator.clock import SimClock
from greenbot.simulator.server import start
from greenbot.simulator.world import Instance, World
from tests.simulator.conftest import GUEST, ID_INSTANCE, OTHER_GUEST, TOKEN, Answer, Api

pytestmark = pytest.mark.green_api

SEND = {"chatId": GUEST, "message": "Your room is ready"}


async def look(api: Api, path: str) -> dict[str, object]:
    answer = await api.request("GET", f"{api.url}/_sim/{path}")
    assert answer.status == 200, answer.text
    assert isinstance(answer.json, dict)
    return answer.json


async def act(api: Api, path: str, body: object = None, *, verb: str = "POST") -> Answer:
    return await api.request(verb, f"{api.url}/_sim/{path}", json=body if body is not None else {})


async def written(api: Api, who: str, chat: str, text: str) -> str:
    """The idMessage of what somebody wrote."""
    answer = (await act(api, who, {"chat": chat, "text": text})).json
    assert isinstance(answer, dict)
    return str(answer["idMessage"])


class TestLooking:
    async def test_a_sent_message_shows_up_everywhere(self, api: Api) -> None:
        await api.post("sendMessage", SEND)
        await act(api, "advance", {"seconds": 10})

        inbox = await look(api, f"inbox?chat={GUEST}")
        (received,) = inbox["messages"]  # type: ignore[misc]  # JSON
        assert (received["text"], received["status"]) == ("Your room is ready", "read")  # type: ignore[has-type]  # JSON
        ledger = await look(api, "ledger?method=sendMessage")
        assert ledger["executed"] == 1
        assert (await look(api, "door"))["counters"] == {"sendMessage 200": 1}

    async def test_the_state_lists_instances_without_their_tokens(self, api: Api) -> None:
        answer = await api.request("GET", f"{api.url}/_sim/state")
        assert f'"id": {ID_INSTANCE}' in answer.text
        assert '"state": "authorized"' in answer.text
        assert TOKEN not in answer.text

    async def test_no_view_shows_a_token(self, api: Api) -> None:
        await api.post("sendMessage", SEND)
        await api.request("GET", api.method_url("getSettings"))
        for path in ("state", "inbox", "ledger", "door", "deliveries", "events", "faults"):
            assert TOKEN not in (await api.request("GET", f"{api.url}/_sim/{path}")).text

    async def test_ledger_and_inbox_can_be_narrowed(self, api: Api) -> None:
        await api.post("sendMessage", SEND)
        await api.get("getStateInstance")
        assert len((await look(api, "ledger"))["entries"]) == 2  # type: ignore[arg-type]  # JSON
        assert len((await look(api, "ledger?after=1"))["entries"]) == 1  # type: ignore[arg-type]  # JSON
        assert (await look(api, "ledger?instance=5"))["entries"] == []
        assert (await look(api, "inbox?chat=11009999999@c.us"))["messages"] == []


class TestChanging:
    async def test_an_instance_is_added_and_works(self, api: Api) -> None:
        made = await act(
            api,
            "instances",
            {"id": 7, "token": "t7", "settings": {"incomingWebhook": "yes"}, "knobs": {"guests_read": False}},
        )
        assert made.status == 200, made.text
        second = Api(api.session, api.url, api.media_url, id_instance=7, token="t7")
        assert (await second.get("getStateInstance")).json == {"stateInstance": "authorized"}

    async def test_state_knobs_and_settings_change_at_once(self, api: Api, instance: Instance) -> None:
        path = f"instances/{ID_INSTANCE}"
        await act(api, f"{path}/state", {"state": "blocked"})
        await act(api, f"{path}/knobs", {"guests_without_whatsapp": [GUEST], "journal_lag": 30})
        await act(api, f"{path}/settings", {"stateWebhook": "yes"})
        assert instance.state == "blocked"
        assert (instance.knobs.guests_without_whatsapp, instance.knobs.journal_lag) == ({GUEST}, 30)
        assert instance.settings["stateWebhook"] == "yes"

    async def test_faults_are_added_listed_and_removed(self, api: Api) -> None:
        added = (await act(api, "faults", {"rule": "503 method=send* count=1"})).json
        assert added == {"number": 1, "rule": "5xx status=503 method=send* count=1", "seen": 0, "fired": 0}
        assert (await api.post("sendMessage", SEND)).status == 503
        listed = await look(api, "faults")
        assert listed["faults"] == [added | {"seen": 1, "fired": 1}]
        assert (await act(api, "faults/1", verb="DELETE")).json == {"removed": 1}
        await act(api, "faults", {"rule": "reset"})
        assert (await act(api, "faults", verb="DELETE")).json == {"removed": 1}

    async def test_a_guest_writes_and_the_journal_and_the_queue_know(self, api: Api, instance: Instance) -> None:
        instance.settings["incomingWebhook"] = "yes"
        answer = (await act(api, "guest", {"chat": GUEST, "text": "Hello", "name": "Anna"})).json
        assert isinstance(answer, dict)
        (waiting,) = instance.notifications.waiting()
        assert waiting.body["idMessage"] == answer["idMessage"]
        assert (await api.post("getMessage", {"chatId": GUEST} | answer)).status == 200

    async def test_who_answers_on_the_phone_has_read_what_was_there(self, api: Api, instance: Instance) -> None:
        instance.settings |= {"incomingWebhook": "yes", "incomingMessageStatusWebhook": "yes"}
        instance.settings |= {"outgoingMessageWebhook": "yes", "outgoingWebhook": "yes"}
        asked = [await written(api, "guest", GUEST, text) for text in ("Hi", "Is the pool open?")]
        await written(api, "guest", OTHER_GUEST, "Nobody looks at this")
        answered = await written(api, "phone", GUEST, "Until ten.")
        told = [(each.body["typeWebhook"], each.body["idMessage"]) for each in instance.notifications.waiting()]
        assert told[3:] == [
            ("incomingMessageStatus", asked[0]),
            ("incomingMessageStatus", asked[1]),
            ("outgoingMessageReceived", answered),
            ("outgoingMessageStatus", answered),
        ]
        assert (instance.chat(GUEST).unread_count, instance.chat(OTHER_GUEST).unread_count) == (0, 1)

    @pytest.mark.parametrize(
        "settings",
        [{"incomingMessageStatusWebhook": "no"}, {"markIncomingMessagesReaded": "yes"}],
        ids=["switched off", "GREEN-API reads everything at once"],
    )
    async def test_a_reading_is_told_only_where_somebody_read_and_it_is_wanted(
        self, api: Api, instance: Instance, settings: dict[str, object]
    ) -> None:
        instance.settings |= {"incomingWebhook": "yes", "incomingMessageStatusWebhook": "yes"} | settings
        await act(api, "guest", {"chat": GUEST, "text": "Hi"})
        await act(api, "phone", {"chat": GUEST, "text": "Hello"})
        assert [each.body["typeWebhook"] for each in instance.notifications.waiting()] == ["incomingMessageReceived"]

    async def test_events_are_triggered_in_numbers(self, api: Api, instance: Instance) -> None:
        instance.settings["incomingWebhook"] = "yes"
        body = {"event": "imageMessage", "count": 3, "set": {"messageData.fileMessageData.caption": "Pool"}}
        answer = (await act(api, "trigger", body)).json
        assert answer == {"event": "incomingMessageReceived.imageMessage", "made": 3, "emitted": 3}
        bodies = [each.body for each in instance.notifications.waiting()]
        assert len({str(each["idMessage"]) for each in bodies}) == 3
        assert '"caption": "Pool"' in str(bodies[0]).replace("'", '"')

    async def test_a_switched_off_event_is_made_and_not_queued(self, api: Api) -> None:
        answer = (await act(api, "trigger", {"event": "incomingCall"})).json
        assert answer == {"event": "incomingCall.offer", "made": 1, "emitted": 0}

    async def test_a_rate_spreads_events_over_time(self, api: Api, instance: Instance, clock: SimClock) -> None:
        instance.settings["incomingWebhook"] = "yes"
        task = asyncio.create_task(act(api, "trigger", {"event": "textMessage", "count": 4, "rate": 2}))
        while len(instance.notifications) < 1:
            await asyncio.sleep(0.001)
        for expected in (1, 2, 3, 4):
            assert len(instance.notifications) == expected
            await clock.advance(0.5)
        assert (await task).status == 200

    async def test_a_long_advance_still_lets_webhooks_be_tried_every_minute(self, api: Api, instance: Instance) -> None:
        instance.settings |= {"incomingWebhook": "yes", "webhookUrl": "http://127.0.0.1:1/closed"}
        await act(api, "trigger", {"event": "textMessage"})
        await act(api, "advance", {"seconds": 290})
        assert len(instance.notifications.deliveries) == 5

    async def test_reset_starts_afresh(self, api: Api, world: World) -> None:
        await api.post("sendMessage", SEND)
        await act(api, "faults", {"rule": "reset"})
        assert (await act(api, "reset")).json == {"reset": True}
        assert (world.ledger.entries, world.faults.list(), world.inbox()) == ([], [], [])

    async def test_reset_keeps_instances_with_their_settings(self, api: Api, instance: Instance, world: World) -> None:
        instance.settings["stateWebhook"] = "yes"
        await act(api, f"instances/{ID_INSTANCE}/state", {"state": "blocked"})
        await act(api, "reset")
        assert (await api.get("getStateInstance")).json == {"stateInstance": "authorized"}
        again = world.instances[ID_INSTANCE]
        assert (again.settings["stateWebhook"], len(again.notifications)) == ("yes", 0)

    async def test_a_shipped_scenario_is_played_by_name(self, api: Api) -> None:
        report = (await act(api, "scenario", {"name": "lost-reply"})).json
        assert isinstance(report, dict)
        assert (report["passed"], report["checked"]) == (True, 4), report

    @pytest.mark.parametrize(
        ("path", "body", "words"),
        [
            ("faults", {"rule": "explode"}, "no fault is called"),
            ("faults", {}, "send {"),
            ("faults", [1], "send a JSON object"),
            ("trigger", {"event": "nothing"}, "no event is called"),
            ("trigger", {"event": "textMessage", "instance": 5}, "no instance 5"),
            ("advance", {"seconds": "soon"}, "send {"),
            ("advance", {"seconds": -1}, "does not go back"),
            ("guest", {"chat": GUEST}, "text"),
            ("phone", {"chat": GUEST}, "text"),
            ("instances", {"id": 7}, "an instance has id, token"),
            (f"instances/{ID_INSTANCE}/state", {"state": "happy"}, "no state is called"),
            (f"instances/{ID_INSTANCE}/knobs", {"volume": 11}, "no knob is called"),
            (f"instances/{ID_INSTANCE}/knobs", {"guests_read": "yes"}, "cannot be"),
            (f"instances/{ID_INSTANCE}/settings", {"colour": "red"}, "no setting is called"),
            ("scenario", {"name": "none"}, "no scenario is called"),
        ],
    )
    async def test_mistakes_are_explained(self, path: str, body: object, words: str, api: Api) -> None:
        answer = await act(api, path, body)
        assert answer.status == 400
        assert words in answer.text

    async def test_a_real_clock_cannot_be_advanced(self, api: Api) -> None:
        world = World()
        running = await start(world)
        try:
            answer = await api.request("POST", f"{running.api_url}/_sim/advance", json={"seconds": 1})
        finally:
            await running.stop()
        assert (answer.status, "virtual clock" in answer.text) == (400, True)


class TestWhoMayEnter:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 200),
            ({"Host": "localhost:1"}, 200),
            ({"Host": "[::1]:80"}, 200),
            ({"Host": "hotel.example.invalid"}, 403),
            ({"Host": "127.0.0.1.example.invalid"}, 403),
            ({"Host": "192.168.0.10"}, 403),
            ({"Origin": "http://127.0.0.1:8080"}, 200),
            ({"Origin": "https://example.invalid"}, 403),
            ({"Origin": "null"}, 403),
        ],
    )
    async def test_only_this_machine(self, headers: dict[str, str], status: int, api: Api) -> None:
        answer = await api.request("GET", f"{api.url}/_sim/state", headers=headers)
        assert answer.status == status

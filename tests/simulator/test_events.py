"""Webhook bodies: their shapes are those of the documented samples, their switches those of the settings."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenbot.simulator import events
from greenbot.simulator.samples.catalogue import MESSAGES
from greenbot.simulator.samples.notices import NOTICES

pytestmark = [pytest.mark.webhook, pytest.mark.green_api]

WIRE = Path(__file__).parent.parent / "data" / "webhooks"
WIRE_FILES = sorted(path for path in WIRE.glob("*.json") if not path.name.startswith("_envelope"))
NOW = 1_706_522_263.9


@dataclass(frozen=True)
class Account:
    id: int = 1101000001
    wid: str = "11001234567@c.us"
    state: str = "authorized"


def mismatch(built: object, wire: object, path: str = "") -> str | None:
    """Where the built body has other keys or JSON types than the wire's; every item of a wire list must
    have its like in the built list, unless one of them is empty."""
    if isinstance(wire, dict) and isinstance(built, dict):
        if built.keys() != wire.keys():
            return f"{path}: {sorted(built.keys() ^ wire.keys())}"
        found = [mismatch(built[key], wire[key], f"{path}.{key}") for key in wire]
        return next((one for one in found if one), None)
    if isinstance(wire, list) and isinstance(built, list):
        alone = [item for item in wire if built and all(mismatch(other, item) for other in built)]
        return f"{path}: no item like {alone[0]}" if alone else None
    return None if json_type(built) == json_type(wire) else f"{path}: {built!r} for {wire!r}"


def json_type(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__


class TestShapesOfTheWire:
    def test_the_87_documented_samples_are_at_hand(self) -> None:
        assert len(list(WIRE.glob("*.json"))) == 87

    @pytest.mark.parametrize("path", WIRE_FILES, ids=lambda path: path.stem)
    def test_a_built_body_has_exactly_the_fields_of_the_documented_sample(self, path: Path) -> None:
        wire = json.loads(path.read_text(encoding="utf-8"))
        built = events.build(path.stem, Account(), NOW)
        assert mismatch(built, wire) is None

    @pytest.mark.parametrize("path", WIRE_FILES, ids=lambda path: path.stem)
    def test_the_type_names_are_those_of_the_documented_sample(self, path: Path) -> None:
        wire = json.loads(path.read_text(encoding="utf-8"))
        built = events.build(path.stem, Account(), NOW)
        assert built["typeWebhook"] == wire["typeWebhook"]
        if "messageData" in wire:
            data = built["messageData"]
            assert isinstance(data, dict)
            assert data["typeMessage"] == wire["messageData"]["typeMessage"]

    def test_every_sample_can_be_built_and_is_json(self) -> None:
        for name in events.SAMPLES:
            body = events.build(name, Account(), NOW)
            assert json.loads(json.dumps(body)) == body

    def test_there_are_samples_for_every_kind_in_every_direction(self) -> None:
        assert len(events.SAMPLES) == 3 * len(MESSAGES) + len(NOTICES)

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("invented", 1),
            ("messageData.typeMessage", 7),
            ("messageData.pollMessageData.multipleAnswers", "no"),
            ("messageData.pollMessageData.options", [{"name": "Red"}]),
        ],
    )
    def test_the_comparison_notices_a_wrong_shape(self, path: str, value: object) -> None:
        wire = json.loads((WIRE / "incomingMessageReceived.pollMessage.json").read_text(encoding="utf-8"))
        assert mismatch(events.build("pollMessage", Account(), NOW, {path: value}), wire) is not None


class TestBuilding:
    def test_the_envelope_names_the_instance_and_the_second(self) -> None:
        body = events.build("incomingCall", Account(id=7, wid="11009999999@c.us"), NOW)
        assert body["instanceData"] == {"idInstance": 7, "wid": "11009999999@c.us", "typeInstance": "whatsapp"}
        assert body["timestamp"] == 1_706_522_263

    def test_an_unlinked_instance_has_an_empty_wid(self) -> None:
        unlinked = Account(state="notAuthorized")
        assert events.build("incomingCall", unlinked, NOW)["instanceData"] == {
            "idInstance": 1101000001,
            "wid": "",
            "typeInstance": "whatsapp",
        }

    @pytest.mark.parametrize(
        ("short", "full"),
        [
            ("incomingMessageReceived", "incomingMessageReceived.textMessage"),
            ("imageMessage", "incomingMessageReceived.imageMessage"),
            ("outgoingMessageStatus", "outgoingMessageStatus.sent"),
            ("stateInstanceChanged.blocked", "stateInstanceChanged.blocked"),
        ],
    )
    def test_short_names_mean_the_usual_sample(self, short: str, full: str) -> None:
        assert events.resolve(short) == full

    def test_an_unknown_name_is_answered_with_the_nearest_ones(self) -> None:
        with pytest.raises(events.UnknownEventError, match=r"did you mean imageMessage"):
            events.build("imageMesage", Account(), NOW)

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("messageData.pollMessageData.name", "Tea?"),
            ("messageData.pollMessageData.votes.1.optionName", "Balcony"),
            ("messageData.invented.deep", 7),
            ("timestamp", 0),
        ],
    )
    def test_overrides_reach_any_field(self, path: str, value: object) -> None:
        body: object = events.build("pollUpdateMessage", Account(), NOW, {path: value})
        for part in path.split("."):
            body = body[int(part)] if isinstance(body, list) else body[part]  # type: ignore[index]  # walking JSON
        assert body == value

    @pytest.mark.parametrize(
        "path", ["timestamp.a", "messageData.typeMessage.x.y", "messageData.pollMessageData.votes.9"]
    )
    def test_a_path_through_something_without_fields_is_refused(self, path: str) -> None:
        with pytest.raises(ValueError, match="cannot set"):
            events.build("pollUpdateMessage", Account(), NOW, {path: 1})

    def test_building_never_changes_the_sample(self) -> None:
        before = copy.deepcopy(MESSAGES["pollMessage"])
        events.build("pollMessage", Account(), NOW, {"messageData.pollMessageData.options.0.optionName": "X"})
        assert MESSAGES["pollMessage"] == before

    def test_outgoing_messages_name_the_own_number_as_sender(self) -> None:
        body = events.build("outgoingMessageReceived", Account(), NOW)
        sender = body["senderData"]
        assert isinstance(sender, dict)
        assert (sender["chatId"], sender["sender"]) == ("11001234568@c.us", "11001234567@c.us")


class TestSwitches:
    @pytest.mark.parametrize(
        ("event", "needed"),
        [
            ("incomingMessageReceived.textMessage", ["incomingWebhook"]),
            ("incomingMessageReceived.pollUpdateMessage", ["incomingWebhook", "pollMessageWebhook"]),
            ("incomingMessageReceived.editedMessage", ["incomingWebhook", "editedMessageWebhook"]),
            ("incomingMessageReceived.deletedMessage", ["incomingWebhook", "deletedMessageWebhook"]),
            ("incomingMessageReceived.orderMessage", ["incomingWebhook", "catalogWebhook"]),
            ("outgoingMessageReceived.textMessage", ["outgoingMessageWebhook"]),
            ("outgoingAPIMessageReceived.extendedTextMessage", ["outgoingAPIMessageWebhook"]),
            ("outgoingMessageStatus.sent", ["outgoingWebhook"]),
            ("outgoingMessageStatus.noAccount", []),
            ("outgoingMessageStatus.failed.swe004", []),
            ("incomingMessageStatus.read", ["incomingMessageStatusWebhook", "incomingWebhook"]),
            ("stateInstanceChanged.blocked", ["stateWebhook"]),
            ("statusInstanceChanged.online", ["statusInstanceWebhook"]),
            ("deviceInfo.deviceData", ["deviceWebhook"]),
            ("incomingCall.offer", ["incomingWebhook", "incomingCallWebhook"]),
            ("outgoingCall.pickUp", ["outgoingCallWebhook"]),
            ("incomingBlock.blocked", ["incomingBlockWebhook"]),
            ("quotaExceeded.correspondents", []),
        ],
    )
    def test_an_event_goes_out_only_when_all_its_switches_are_on(self, event: str, needed: list[str]) -> None:
        body = events.build(event, Account(), NOW)
        settings: dict[str, object] = dict.fromkeys(needed, "yes")
        assert events.is_switched_on(settings, body)
        for switch in needed:
            assert not events.is_switched_on(settings | {switch: "no"}, body)

    def test_read_on_the_phone_is_not_reported_while_messages_are_marked_read_anyway(self) -> None:
        body = events.build("incomingMessageStatus", Account(), NOW)
        on = {"incomingMessageStatusWebhook": "yes", "incomingWebhook": "yes"}
        assert not events.is_switched_on(on | {"markIncomingMessagesReaded": "yes"}, body)

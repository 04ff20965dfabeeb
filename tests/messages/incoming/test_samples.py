"""Every documented webhook body becomes an event of its own type, and no field of it is lost on the way."""

from typing import Any

import pytest

from greenbot.messages.incoming import model as m
from greenbot.messages.incoming.parse import parse
from tests.messages.incoming.wire import EVENTS, NO_EVENT, SAMPLES, Path_, at, body, dotted, held, nodes, raw

pytestmark = pytest.mark.webhook

EVENT_TYPES: dict[str, type[m.Event]] = {
    "incomingMessageReceived": m.MessageEvent,
    "outgoingMessageReceived": m.MessageEvent,
    "outgoingAPIMessageReceived": m.MessageEvent,
    "outgoingMessageStatus": m.StatusEvent,
    "incomingMessageStatus": m.StatusEvent,
    "stateInstanceChanged": m.StateEvent,
    "statusInstanceChanged": m.StateEvent,
    "deviceInfo": m.DeviceEvent,
    "incomingCall": m.CallEvent,
    "outgoingCall": m.CallEvent,
    "incomingBlock": m.BlockEvent,
    "quotaExceeded": m.QuotaEvent,
}
CONTENT_TYPES: dict[str, type[m.Carried]] = {
    "textMessage": m.Text,
    "extendedTextMessage": m.Text,
    "quotedMessage": m.Text,
    "imageMessage": m.Image,
    "videoMessage": m.Video,
    "documentMessage": m.Document,
    "audioMessage": m.Audio,
    "stickerMessage": m.Sticker,
    "locationMessage": m.Location,
    "contactMessage": m.Contact,
    "contactsArrayMessage": m.Contacts,
    "reactionMessage": m.Reaction,
    "pollMessage": m.Poll,
    "pollUpdateMessage": m.PollVotes,
    "editedMessage": m.Edited,
    "deletedMessage": m.Deleted,
    "groupInviteMessage": m.GroupInvite,
    "buttonsMessage": m.Buttons,
    "listMessage": m.ListMenu,
    "templateMessage": m.Template,
    "buttonsResponseMessage": m.ButtonReply,
    "listResponseMessage": m.ListReply,
    "templateButtonsReplyMessage": m.TemplateReply,
    "interactiveButtons": m.InteractiveButtons,
    "interactiveButtonsReply": m.InteractiveButtons,
    "interactiveButtonsResponse": m.InteractiveReply,
    "productMessage": m.Product,
    "orderMessage": m.Order,
}
DIRECTIONS = {"incomingMessageReceived": "in", "outgoingMessageReceived": "phone", "outgoingAPIMessageReceived": "api"}


def test_all_samples_are_at_hand() -> None:
    assert len(SAMPLES) == 87
    assert len(EVENTS) == 86


@pytest.mark.parametrize("name", EVENTS)
def test_a_sample_becomes_an_event_of_its_own_type_without_problems(name: str) -> None:
    event, wire = parse(SAMPLES[name]), body(name)
    assert type(event) is EVENT_TYPES[wire["typeWebhook"]]
    assert event.type == wire["typeWebhook"]
    assert event.problems == ()
    assert event.instance_id == "1101000001"
    assert event.wid == (wire["instanceData"]["wid"] or None)
    assert event.at_ms == wire["timestamp"] * 1000
    assert event.raw == wire
    if isinstance(event, m.MessageEvent):
        assert type(event.content) is CONTENT_TYPES[wire["messageData"]["typeMessage"]]
        assert event.direction == DIRECTIONS[event.type]


def changed(value: object) -> object:
    """Another value of the same type, so that its trace can be followed."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return value / 2
        case str():
            return f"{value}~"
        case _:
            return "~"


def leaves(name: str) -> list[Path_]:
    wire = body(name)
    return [path for path in nodes(wire) if not isinstance(at(wire, path), dict | list)]


def reason_to_ignore(wire: dict[str, Any], path: Path_) -> str | None:
    """Why a value is in no field of the event; None for almost all of them."""
    block = at(wire, path[:-1])
    if path[-1] == "previewType" and not any(block.get(key) for key in ("title", "description", "jpegThumbnail")):
        return "the type of a preview says nothing where there is no preview to draw"
    return None


@pytest.mark.parametrize("name", EVENTS)
def test_no_field_of_a_sample_is_lost(name: str) -> None:
    lost = []
    for path in leaves(name):
        wire = body(name)
        before = list(held(parse(raw(wire))))
        value = at(wire, path[:-1])[path[-1]] = changed(at(wire, path))
        after = list(held(parse(raw(wire))))
        if after == before or (isinstance(value, str) and value not in after):
            lost.append(path)
    assert [dotted(path) for path in lost if reason_to_ignore(body(name), path) is None] == []


def test_the_check_notices_a_field_that_nobody_reads() -> None:
    wire = body("incomingMessageReceived.orderMessage")
    before = list(held(parse(raw(wire))))
    wire["messageData"]["orderMessage"]["itemCount"] = 3
    assert list(held(parse(raw(wire)))) == before


@pytest.mark.parametrize("name", EVENTS)
def test_the_envelope_of_receive_notification_may_be_around_it(name: str) -> None:
    wrapped = parse(raw({"receiptId": 7, "body": body(name)}))
    assert wrapped == parse(raw(body(name)))


def test_the_empty_answer_of_receive_notification_is_no_event() -> None:
    with pytest.raises(m.Unreadable, match="not a JSON object"):
        parse(SAMPLES[NO_EVENT])

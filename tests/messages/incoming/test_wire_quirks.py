"""What GREEN-API really sends, where pages, SDKs and years contradict each other."""

from typing import Any

import pytest

from greenbot.messages.incoming import model as m
from greenbot.messages.incoming.parse import parse
from tests.messages.incoming.wire import body, raw

pytestmark = pytest.mark.webhook

NOW_MS = 1_790_000_000_000


def message(data: dict[str, Any], **top: Any) -> m.MessageEvent:
    event = parse(raw(body("incomingMessageReceived.textMessage") | {"messageData": data} | top))
    assert isinstance(event, m.MessageEvent)
    return event


def content(data: dict[str, Any]) -> m.Content:
    return message(data).content


def event(type_: str, **top: Any) -> m.Incoming:
    return parse(raw({"typeWebhook": type_, "instanceData": {"idInstance": 7}, "timestamp": 1706522263} | top))


# -- spellings


@pytest.mark.parametrize("type_message", ["templateButtonsReplyMessage", "templateButtonReplyMessage"])
@pytest.mark.parametrize("block", ["templateButtonsReplyMessage", "templateButtonReplyMessage"])
def test_a_template_reply_is_understood_in_both_spellings(type_message: str, block: str) -> None:
    reply = content({"typeMessage": type_message, block: {"stanzaId": "A", "selectedId": "x", "selectedIndex": 2}})
    assert reply == m.TemplateReply(type=type_message, target_id="A", button_id="x", index=2)


@pytest.mark.parametrize(("wire", "ours"), [("hangUp", "hungUp"), ("hungUp", "hungUp"), ("missed", "missed")])
def test_a_call_that_was_refused_has_one_word(wire: str, ours: str) -> None:
    call = event("outgoingCall", status=wire, participants=[{"id": "1@c.us", "status": wire}])
    assert isinstance(call, m.CallEvent)
    assert call.status == ours
    assert call.participants == (m.CallParticipant(id="1@c.us", status=ours),)


@pytest.mark.parametrize(
    ("fields", "state", "line"),
    [
        ({"stateInstance": "authorized"}, "authorized", ""),
        ({"statusInstance": "authorized"}, "authorized", ""),
        ({"statusInstance": "online"}, "", "online"),
        ({"stateInstance": "offline"}, "", "offline"),
        ({"stateInstance": "blocked", "statusInstance": "offline"}, "blocked", "offline"),
        ({}, "", ""),
    ],
)
@pytest.mark.parametrize("type_", ["stateInstanceChanged", "statusInstanceChanged"])
def test_state_and_line_are_told_apart_by_their_words(
    type_: str, fields: dict[str, str], state: str, line: str
) -> None:
    told = event(type_, **fields)
    assert isinstance(told, m.StateEvent)
    assert (told.state, told.line) == (state, line)


@pytest.mark.parametrize(("wire", "ours"), [("fail", "failed"), ("failed", "failed"), ("yellowCard", "yellowCard")])
def test_a_status_has_the_newer_word(wire: str, ours: str) -> None:
    told = event("outgoingMessageStatus", status=wire)
    assert isinstance(told, m.StatusEvent)
    assert told.status == ours


def test_an_interactive_reply_may_come_as_a_choice_instead_of_a_question() -> None:
    chosen = content(
        {"typeMessage": "interactiveButtonsReply", "interactiveButtonsReply": {"selectedDisplayText": "Yes"}}
    )
    assert chosen == m.InteractiveReply(type="interactiveButtonsReply", text="Yes")


def test_an_interactive_question_may_use_the_names_of_the_parameter_table() -> None:
    asked = content(
        {
            "typeMessage": "interactiveButtonsReply",
            "interactiveButtonsReply": {"header": "H", "body": "B", "footer": "F"},
        }
    )
    assert asked == m.InteractiveButtons(type="interactiveButtonsReply", title="H", text="B", footer="F")


@pytest.mark.parametrize("kind", ["textMessage", "extendedTextMessage", "quotedMessage"])
@pytest.mark.parametrize(
    "block", [{"textMessageData": {"textMessage": "Hi"}}, {"extendedTextMessageData": {"text": "Hi"}}]
)
def test_a_text_is_found_in_either_block(kind: str, block: dict[str, Any]) -> None:
    text = content({"typeMessage": kind} | block)
    assert isinstance(text, m.Text)
    assert text.text == "Hi"


# -- routing


@pytest.mark.parametrize("type_", ["quotaExceeded", "incomingBlock", "quotaExceededNew", ""])
def test_quota_data_make_a_quota_event_under_any_name(type_: str) -> None:
    quota = event(type_, quotaData={"method": "correspondents", "used": "3", "total": 3})
    assert isinstance(quota, m.QuotaEvent)
    assert (quota.type, quota.method, quota.used, quota.total) == (type_, "correspondents", 3, 3)


def test_quota_data_beside_a_message_take_nothing_from_it() -> None:
    told = parse(raw(body("incomingMessageReceived.textMessage") | {"quotaData": {"method": "x"}}))
    assert isinstance(told, m.MessageEvent)


@pytest.mark.parametrize("type_", ["incomingTyping", "", "INCOMINGMESSAGERECEIVED"])
def test_an_unknown_type_is_a_value_with_whatever_could_be_recognised(type_: str) -> None:
    unknown = event(type_, idMessage="A1", senderData={"chatId": "1@c.us"})
    assert isinstance(unknown, m.UnknownEvent)
    assert (unknown.type, unknown.remote_id, unknown.chat_id, unknown.instance_id) == (type_, "A1", "1@c.us", "7")


def test_an_unknown_content_keeps_its_data() -> None:
    data = {"typeMessage": "hologramMessage", "hologramMessage": {"beam": 1}}
    assert content(data) == m.UnknownContent(type="hologramMessage", data=data)


@pytest.mark.parametrize("type_", ["incomingMessageReceived", "outgoingMessageStatus", "incomingCall", "deviceInfo"])
def test_an_event_may_consist_of_its_type_alone(type_: str) -> None:
    told = parse(raw({"typeWebhook": type_}))
    assert not isinstance(told, m.UnknownEvent)
    assert (told.instance_id, told.wid, told.at_ms, told.problems) == (None, None, None, ())


@pytest.mark.parametrize("name", ["textMessage", "imageMessage", "pollMessage", "listMessage", "contactsArrayMessage"])
def test_a_data_block_may_be_missing(name: str) -> None:
    told = message({"typeMessage": name})
    assert told.content.type == name
    assert not isinstance(told.content, m.UnknownContent)
    assert told.problems == ()


# -- values

TIMES = [
    (1706522263, 1706522263000, ()),
    ("1706522263", 1706522263000, ()),
    (1706522263.0, 1706522263000, ()),
    (0, None, ()),
    (None, None, ()),
    ("0", None, ()),
    (-1, None, ("timestamp",)),
    (1e20, None, ("timestamp",)),
    (1_706_522_263_000, None, ("timestamp",)),
    (1_199_145_600, None, ("timestamp",)),
    (NOW_MS // 1000 + 86_400, NOW_MS + 86_400_000, ()),
    (NOW_MS // 1000 + 86_401, None, ("timestamp",)),
    ("yesterday", None, ("timestamp",)),
    (True, None, ("timestamp",)),
    ([], None, ("timestamp",)),
    (10**30, None, ("timestamp",)),
]


@pytest.mark.parametrize(("given", "at_ms", "problems"), TIMES)
def test_a_time_is_one_or_none(given: object, at_ms: int | None, problems: tuple[str, ...]) -> None:
    told = parse(raw({"typeWebhook": "stateInstanceChanged", "timestamp": given}), now_ms=NOW_MS)
    assert (told.at_ms, told.problems) == (at_ms, problems)


def test_numbers_where_texts_are_documented_are_texts() -> None:
    block = event("incomingBlock", chatId=11001234568)
    assert isinstance(block, m.BlockEvent)
    assert block.chat_id == "11001234568"
    assert block.problems == ()
    told = message({"typeMessage": "textMessage", "textMessageData": {"textMessage": 5}})
    assert told.content == m.Text(type="textMessage", text="5")


@pytest.mark.parametrize(("given", "on"), [("yes", True), ("no", False), (1, True), (0, False), ("true", True)])
def test_switches_come_in_several_forms(given: object, on: bool) -> None:
    told = content({"typeMessage": "pollMessage", "pollMessageData": {"multipleAnswers": given}})
    assert told == m.Poll(type="pollMessage", is_multiple=on)


PROBLEMS = [
    ({"senderData": {"chatId": ["1@c.us"]}}, "senderData.chatId"),
    ({"senderData": 5}, "senderData"),
    ({"idMessage": True}, "idMessage"),
    ({"messageData": "text"}, "messageData"),
    ({"instanceData": []}, "instanceData"),
    ({"messageData": {"typeMessage": "textMessage", "textMessageData": []}}, "messageData.textMessageData"),
    (
        {"messageData": {"typeMessage": "locationMessage", "locationMessageData": {"latitude": 91}}},
        "messageData.locationMessageData.latitude",
    ),
    (
        {"messageData": {"typeMessage": "pollMessage", "pollMessageData": {"options": [5, {"optionName": {}}]}}},
        "messageData.pollMessageData.options.0",
    ),
    (
        {"messageData": {"typeMessage": "pollMessage", "pollMessageData": {"options": [5, {"optionName": {}}]}}},
        "messageData.pollMessageData.options.1.optionName",
    ),
    ({"messageData": {"typeMessage": "imageMessage", "fileMessageData": {"isAnimated": "perhaps"}}},
     "messageData.fileMessageData.isAnimated"),
    ({"messageData": {"typeMessage": "textMessage", "quotedMessage": 1}}, "messageData.quotedMessage"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "path"), PROBLEMS)
def test_a_value_of_another_type_is_left_out_and_named(change: dict[str, Any], path: str) -> None:
    told = parse(raw(body("incomingMessageReceived.textMessage") | change))
    assert isinstance(told, m.MessageEvent)
    assert path in told.problems


def test_a_million_wrong_items_are_not_told_one_by_one() -> None:
    told = message({"typeMessage": "pollMessage", "pollMessageData": {"options": [0] * 10_000}})
    assert len(told.problems) == 50


def test_an_impossibly_long_list_is_cut_and_named() -> None:
    options = [{"optionName": str(number)} for number in range(10_001)]
    told = message({"typeMessage": "pollMessage", "pollMessageData": {"options": options}})
    assert isinstance(told.content, m.Poll)
    assert len(told.content.options) == 10_000
    assert told.problems == ("messageData.pollMessageData.options",)


# -- contents


def test_a_voice_note_is_known_by_its_recording() -> None:
    for mime, is_voice in (("audio/ogg; codecs=opus", True), ("audio/mpeg", False), ("", False)):
        told = content({"typeMessage": "audioMessage", "fileMessageData": {"mimeType": mime}})
        assert isinstance(told, m.Audio)
        assert told.is_voice is is_voice


def test_a_reaction_names_its_message_and_quotes_nothing() -> None:
    told = parse(raw(body("incomingMessageReceived.reactionMessage")))
    assert isinstance(told, m.MessageEvent)
    assert told.quoted is None
    assert told.content == m.Reaction(
        type="reactionMessage", emoji="👍", target_id="BAE5F4886F6F2D05", target_sender_id="11001234567@c.us"
    )


def test_only_an_empty_emoji_takes_a_reaction_back() -> None:
    for block, is_removed in (({"text": ""}, True), ({"text": "👍"}, False), ({}, False), ({"text": None}, False)):
        told = content({"typeMessage": "reactionMessage", "extendedTextMessageData": block})
        assert isinstance(told, m.Reaction)
        assert told.is_removed is is_removed


def test_an_answer_carries_a_copy_of_what_it_answers() -> None:
    told = parse(raw(body("incomingMessageReceived.quotedMessage.location")))
    assert isinstance(told, m.MessageEvent)
    assert told.quoted is not None
    assert told.quoted.remote_id == "9A73322488DCB7D9689A6112F2528C9D"
    assert told.quoted.content == m.Location(type="locationMessage", latitude=72.5922702, longitude=39.6645388)


def test_a_quotation_of_any_other_kind_is_read_like_a_message() -> None:
    quoted = {"stanzaId": "A", "typeMessage": "pollMessage", "pollMessageData": {"name": "Tea?"}}
    told = message({"typeMessage": "quotedMessage", "quotedMessage": quoted}).quoted
    assert told == m.Quoted(remote_id="A", content=m.Poll(type="pollMessage", name="Tea?"))


def test_an_edit_may_be_of_a_caption() -> None:
    told = content({"typeMessage": "editedMessage", "editedMessageData": {"caption": "New", "stanzaId": "A"}})
    assert told == m.Edited(type="editedMessage", target_id="A", text="New", is_caption=True)


def test_a_group_is_known_by_its_id_and_the_person_by_the_sender() -> None:
    told = parse(raw(body("incomingMessageReceived.textMessage.group")))
    assert isinstance(told, m.MessageEvent)
    assert told.is_group
    assert (told.chat_id, told.sender_id) == ("120363043968066561@g.us", "11001234568@c.us")


def test_a_max_sender_has_a_phone_number_as_an_integer() -> None:
    sender = {"chatId": "1000", "sender": "1000", "senderPhoneNumber": 11001234568, "chatType": "user"}
    told = message({"typeMessage": "textMessage"}, senderData=sender)
    assert (told.sender_phone, told.chat_type) == ("11001234568", "user")


@pytest.mark.parametrize("place", ["block", "data"])
def test_the_click_of_an_advertisement_is_found_in_both_places(place: str) -> None:
    data: dict[str, Any] = {"typeMessage": "extendedTextMessage", "extendedTextMessageData": {"text": "Hi"}}
    (data["extendedTextMessageData"] if place == "block" else data)["ctwaClid"] = "c1"
    told = content(data)
    assert isinstance(told, m.Text)
    assert told.advert == m.Advert(click_id="c1")

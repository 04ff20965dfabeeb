"""Which events a hook gets, and what it gets of them."""

import json
from pathlib import Path

import pytest

from greenbot.errors import UsageError
from greenbot.hooks import table
from greenbot.hooks.body import body_of
from greenbot.hooks.hook import Rule, Wanted, shown_target, wants
from greenbot.hooks.table import UnknownHook
from greenbot.hooks.words import checked, words_of
from greenbot.messages.incoming.parse import parse
from tests.hooks.conftest import GUEST, House, text_event

WIRE = Path(__file__).parents[1] / "data" / "webhooks"
FILES = sorted(path for path in WIRE.glob("*.json") if not path.name.startswith("_"))


def wire(name: str) -> bytes:
    return (WIRE / f"{name}.json").read_bytes()


GUESTS_TEXT = "incomingMessageReceived.textMessage"


@pytest.mark.parametrize(
    ("wanted", "event", "fits"),
    [
        (Wanted(), GUESTS_TEXT, True),
        (Wanted(), "outgoingMessageStatus.read", False),
        (Wanted(), "outgoingAPIMessageReceived.extendedTextMessage", False),
        (Wanted(direction="out"), "outgoingAPIMessageReceived.extendedTextMessage", True),
        (Wanted(direction="out"), GUESTS_TEXT, False),
        (Wanted(direction="any"), "outgoingMessageReceived.textMessage", True),
        (Wanted(events=("status",)), "outgoingMessageStatus.read", True),
        (Wanted(events=("outgoingMessageStatus",)), "outgoingMessageStatus.read", True),
        (Wanted(events=("all",)), "stateInstanceChanged.authorized", True),
        (Wanted(events=("state", "call")), "incomingCall.offer", True),
        (Wanted(events=("image",)), GUESTS_TEXT, False),
        (Wanted(events=("image",)), "incomingMessageReceived.imageMessage", True),
        (Wanted(events=("textMessage",)), GUESTS_TEXT, True),
        (Wanted(instances="ky*"), GUESTS_TEXT, True),
        (Wanted(instances="odesa"), GUESTS_TEXT, False),
        (Wanted(tag="coast"), GUESTS_TEXT, True),
        (Wanted(tag="hills"), GUESTS_TEXT, False),
        (Wanted(chat="*@g.us"), GUESTS_TEXT, False),
        (Wanted(chat="*@c.us"), GUESTS_TEXT, True),
        (Wanted(match_kind="literal", match_text="green api"), GUESTS_TEXT, False),
        (Wanted(events=("all",), match_kind="literal", match_text="x"), "stateInstanceChanged.authorized", False),
    ],
)
def test_a_hook_gets_what_its_rule_says(wanted: Wanted, event: str, fits: bool) -> None:
    assert wants(wanted, "kyiv", ("coast",), parse(wire(event))) is fits


@pytest.mark.parametrize(
    ("kind", "pattern", "text", "fits"),
    [
        ("literal", "URGENT", "this is urgent!", True),
        ("literal", "*", "no star here", False),
        ("glob", "room ???", "Room 101", True),
        ("glob", "room ???", "my room 101", False),
        ("glob", "*пожар*", "Тут ПОЖАР на кухне", True),
    ],
)
def test_texts_are_compared_without_case(kind: str, pattern: str, text: str, fits: bool) -> None:
    wanted = Wanted(match_kind=kind, match_text=pattern)  # type: ignore[arg-type]  # rows of a table
    assert wants(wanted, "kyiv", (), parse(text_event(text))) is fits


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_event_of_the_wire_becomes_a_body_with_its_own_bytes_in_it(path: Path, house: House) -> None:
    raw = path.read_bytes()
    incoming = parse(raw)
    assert not words_of(incoming).isdisjoint(checked(["all"]))
    event = house.event(house.arrive(raw))
    body = json.loads(body_of(event, incoming))
    assert body["v"] == 1
    assert body["raw"] == json.loads(raw)
    assert body["event"]["type_webhook"] == json.loads(raw)["typeWebhook"]
    assert body["event"]["instance"] == "kyiv"
    assert body["event"]["id"].startswith("evt_")


def test_the_body_says_what_a_guest_wrote_in_plain_words(house: House) -> None:
    body = json.loads(body_of(house.event(house.arrive(text_event("Hi\u202e"))), parse(text_event("Hi\u202e"))))
    assert body["type"] == "message.text"
    assert body["event"]["chat_id"] == GUEST
    assert body["event"]["content"]["text"] == "Hi\u202e"
    assert body["event"]["direction"] == "in"
    assert "test" not in body


def test_words_that_name_no_event_are_refused() -> None:
    assert checked(["text", " image ", "text"]) == ("text", "image")
    assert checked(["futureThingHappened"]) == ("futureThingHappened",)
    assert checked([]) == ("all",)
    with pytest.raises(UsageError):
        checked(["mesage"])


def test_rules_are_kept_changed_and_removed_with_an_audit(house: House) -> None:
    url = "https://crm.example.com/in?key=secretkey"
    rule = Rule(name="crm", kind="url", target=(url,), wanted=Wanted(match_kind="glob", match_text="*anna*"))
    hook = table.add(house.db, rule, house.by)
    assert hook.rule == rule
    with pytest.raises(UsageError):
        table.add(house.db, rule, house.by)
    changed = Rule(name="crm", kind="command", target=("print", "a b"), environment=("PRINTER",), concurrency=2)
    assert table.change(house.db, changed, house.by).rule == changed
    house.text()
    assert table.counts(house.db)[hook.id].waiting == 1
    assert table.remove(house.db, "crm", house.by).waiting == 1
    assert house.states() == {}
    with pytest.raises(UnknownHook):
        table.get(house.db, "crm")
    lines = house.db.all("select action, before, after from audit order by id")
    assert [line["action"] for line in lines] == ["hooks.add", "hooks.edit", "hooks.remove"]
    assert not any(word in str(tuple(line)) for line in lines for word in ("secretkey", "anna"))


def test_the_query_of_a_url_is_not_shown() -> None:
    assert shown_target(Rule(name="a", kind="url", target=("https://x.example/a?key=1",))) == "https://x.example/a?***"

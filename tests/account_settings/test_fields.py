"""What each setting may be, when two values are the same, and what must never be shown."""

import pytest

from greenbot.account_settings.fields import FIELDS, known_name, protect, same, settled, shown
from greenbot.api.catalogue.account import SETTINGS
from greenbot.errors import UsageError
from greenbot.redact import redact
from greenbot.simulator.settings import default_settings

MEANT = [
    ("incomingWebhook", "yes", "yes"),
    ("incomingWebhook", True, "yes"),
    ("incomingWebhook", "Off", "no"),
    ("linkPreview", False, "no"),
    ("delaySendMessagesMilliseconds", "15000", 15000),
    ("delaySendMessagesMilliseconds", 500, 500),
    ("autoTyping", 0, 0),
    ("webhookUrl", "", ""),
    ("webhookUrl", " https://bot.hotel.example/hook ", "https://bot.hotel.example/hook"),
    ("proxyInstance", "system proxy", "system proxy"),
    ("proxyInstance", "10.0.0.1:8080:ira:geheim", "10.0.0.1:8080:ira:geheim"),
    ("newThing", True, "yes"),
    ("newThing", "whatever", "whatever"),
]
REFUSED = [
    ("incomingWebhook", "maybe", "incomingWebhook is yes or no, not 'maybe'"),
    ("incomingWebhook", 2, "is yes or no"),
    ("delaySendMessagesMilliseconds", 499, "from 500 to 600000"),
    ("delaySendMessagesMilliseconds", 600_001, "from 500 to 600000"),
    ("delaySendMessagesMilliseconds", True, "whole number"),
    ("delaySendMessagesMilliseconds", "15s", "whole number"),
    ("autoTyping", 11, "from 0 to 10"),
    ("webhookUrl", "bot.hotel.example", "web address"),
    ("webhookUrl", 5, "is a text"),
    ("webhookUrl", "https://bot.hotel.example/\x1b[2J", "cannot be shown"),
    ("proxyInstance", "10.0.0.1:8080", "ip:port:login:password"),
    ("newThing", [1], "text, a number"),
]
NAMES = [
    ("incomingWebhok", "Did you mean incomingWebhook?"),
    ("INCOMINGWEBHOOK", "Did you mean incomingWebhook?"),
    ("outgoingMessageStatusWebhook", "Did you mean"),
    ("zzz", "--force passes it on"),
]


@pytest.mark.parametrize(("name", "given", "meant"), MEANT)
def test_a_value_is_brought_into_green_apis_form(name: str, given: object, meant: object) -> None:
    assert (settled(name, given), type(settled(name, given))) == (meant, type(meant))


@pytest.mark.parametrize(("name", "given", "words"), REFUSED)
def test_a_value_that_cannot_be_is_refused_in_words(name: str, given: object, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        settled(name, given)
    assert words in str(refused.value)


@pytest.mark.parametrize(("name", "hint"), NAMES)
def test_a_strange_name_gets_a_suggestion_and_passes_by_force(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        known_name(name)
    assert hint in (refused.value.hint or "")
    assert known_name(name, force=True) == name


@pytest.mark.parametrize("force", [False, True])
def test_the_account_itself_is_never_set(force: bool) -> None:
    with pytest.raises(UsageError, match="cannot be set"):
        known_name("wid", force=force)


def test_what_green_api_does_not_use_any_more_is_named_so() -> None:
    with pytest.raises(UsageError, match="does not use deviceWebhook any more"):
        known_name("deviceWebhook")


def test_every_setting_of_the_catalogue_is_known_and_an_instance_as_it_comes_can_be_wished() -> None:
    assert list(FIELDS) == [param.name for param in SETTINGS]
    fresh = default_settings()
    for name in FIELDS:
        assert same(settled(name, fresh[name]), fresh[name]), name


SAME = [
    ("yes", True, True),
    ("no", False, True),
    ("yes", "yes", True),
    ("no", True, False),
    (500, 500, True),
    (500, "500", True),
    (500, 501, False),
    ("", None, False),
    ("yes", "no", False),
]


@pytest.mark.parametrize(("wanted", "living", "answer"), SAME)
def test_answers_in_another_spelling_are_the_same(wanted: str | int, living: object, answer: bool) -> None:
    assert same(wanted, living) is answer


SHOWN = [
    ("webhookUrlToken", "correct-horse-battery", "***"),
    ("webhookUrlToken", "", ""),
    ("proxyInstance", "system proxy", "system proxy"),
    ("proxyInstance", "10.0.0.1:8080:ira:geheim", "***"),
    ("webhookUrl", "https://bot.hotel.example/hook?key=geheim", "https://bot.hotel.example/hook?***"),
    ("webhookUrl", "https://ira:geheim@bot.hotel.example/hook", "https://***@bot.hotel.example/hook"),
    ("incomingWebhook", "yes", "yes"),
    ("autoTyping", 3, 3),
]


@pytest.mark.parametrize(("name", "value", "text"), SHOWN)
def test_secrets_are_masked_and_the_rest_is_shown(name: str, value: object, text: object) -> None:
    assert shown(name, value) == text


def test_secrets_that_green_api_tells_are_masked_wherever_they_turn_up() -> None:
    protect({"webhookUrlToken": "a-living-webhook-token", "proxyInstance": "system proxy"})
    assert redact("it said a-living-webhook-token") == "it said ***"
    assert redact("the system proxy") == "the system proxy"

"""A reviewed file: read whole, refused whole, layered from the general to the particular."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from greenbot.account_settings import saving, wishes
from greenbot.account_settings.plan import differences, plan
from greenbot.account_settings.progress import Change, digest
from greenbot.account_settings.wishes import BadWishes, Reference
from greenbot.config.load import load
from greenbot.config.settings import Instance
from greenbot.errors import TokenMissing, UnsafePermissions
from greenbot.simulator.settings import default_settings

FILE = """
[defaults]
incomingWebhook = true
webhookUrl = "https://bot.hotel.example/green-api/{name}"
delaySendMessagesMilliseconds = 500

[tags.coast]
delaySendMessagesMilliseconds = 15000

[instances.grand-kyiv]
incomingWebhook = "no"
webhookUrlToken_file = "{name}.word"
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Mapping[str, Instance]:
    home = tmp_path / "greenbot"
    home.mkdir(mode=0o700)
    text = '[instances.grand-kyiv]\nid = "1101000001"\ntags = ["coast", "city"]\n'
    (home / "config.toml").write_text(text + '[instances.seaview]\nid = "1101000002"\ntags = ["coast"]\n')
    (home / "secrets").mkdir(mode=0o700)
    settings = load({"GREENBOT_HOME": str(home), "HOME": str(tmp_path)}, cwd=tmp_path)
    return settings.instances


def test_what_stands_nearer_to_an_instance_counts_more(fleet: Mapping[str, Instance]) -> None:
    found = wishes.read(FILE)
    assert wishes.wish_for(found, fleet["seaview"]) == {
        "incomingWebhook": "yes",
        "webhookUrl": "https://bot.hotel.example/green-api/{name}",
        "delaySendMessagesMilliseconds": 15000,
    }
    assert wishes.wish_for(found, fleet["grand-kyiv"])["incomingWebhook"] == "no"
    assert wishes.read(json.dumps(tomllib.loads(FILE))) == found, "JSON says the same"


def test_names_are_filled_in_and_secrets_are_read_where_they_are_kept(
    fleet: Mapping[str, Instance], tmp_path: Path
) -> None:
    wish = wishes.wish_for(wishes.read(FILE), fleet["grand-kyiv"])
    word = tmp_path / "grand-kyiv.word"
    word.write_text("correct-horse-battery\n")
    with pytest.raises(UnsafePermissions):
        wishes.resolved(wish, fleet["grand-kyiv"], {}, tmp_path)
    word.chmod(0o600)
    made = wishes.resolved(wish, fleet["grand-kyiv"], {}, tmp_path)
    assert made["webhookUrl"] == "https://bot.hotel.example/green-api/grand-kyiv"
    assert made["webhookUrlToken"] == "correct-horse-battery"


WAYS = [
    ('webhookUrlToken_env = "WORD"', {"WORD": "from-the-environment"}, "from-the-environment"),
    ('webhookUrlToken_command = ["echo", "of-{name}"]', {"PATH": "/bin:/usr/bin"}, "of-seaview"),
    ('webhookUrlToken_from = "instance"', {}, "own-webhook-token"),
    ('proxyInstance_env = "PROXY"', {"PROXY": "10.0.0.1:8080:ira:geheim"}, "10.0.0.1:8080:ira:geheim"),
]


@pytest.mark.parametrize(("line", "environ", "value"), WAYS)
def test_a_secret_comes_from_where_the_file_says(
    fleet: Mapping[str, Instance], tmp_path: Path, line: str, environ: dict[str, str], value: str
) -> None:
    own = tmp_path / "greenbot" / "secrets" / "seaview.webhook-token"
    own.touch(mode=0o600)
    own.write_text("own-webhook-token\n")
    wish = wishes.wish_for(wishes.read(f"[defaults]\n{line}\n"), fleet["seaview"])
    assert [*wishes.resolved(wish, fleet["seaview"], environ, tmp_path).values()] == [value]


def test_a_secret_that_is_nowhere_is_an_error_before_anything_is_asked(
    fleet: Mapping[str, Instance], tmp_path: Path
) -> None:
    with pytest.raises(TokenMissing, match="webhookUrlToken of seaview"):
        wishes.resolved({"webhookUrlToken": Reference(way="env", place="NO")}, fleet["seaview"], {}, tmp_path)


def test_two_tags_that_contradict_each_other_are_refused_unless_the_instance_decides(
    fleet: Mapping[str, Instance],
) -> None:
    text = "[tags.coast]\nautoTyping = 1\n[tags.city]\nautoTyping = 2\n"
    with pytest.raises(BadWishes, match="grand-kyiv has the tags coast and city, which wish autoTyping differently"):
        wishes.wish_for(wishes.read(text), fleet["grand-kyiv"])
    decided = wishes.read(text + "[instances.grand-kyiv]\nautoTyping = 3\n")
    assert wishes.wish_for(decided, fleet["grand-kyiv"]) == {"autoTyping": 3}


def test_who_is_named_and_not_there_is_found(fleet: Mapping[str, Instance]) -> None:
    found = wishes.read("[tags.moon]\nautoTyping = 1\n[instances.nowhere]\nautoTyping = 1\n[instances.seaview]\n")
    assert [*wishes.strangers(found, fleet.values())] == ["instance nowhere", "tag moon"]
    assert wishes.meant(wishes.read("[instances.seaview]\nautoTyping = 1\n"), fleet.values()) == [fleet["seaview"]]


WRONG = [
    ("", "it wishes nothing"),
    ("[defaults]\n", "it wishes nothing"),
    ("defaults = 1\n", "should be a table"),
    ("[instances]\nseaview = 1\n", "instances.seaview: this should be a table"),
    ("[hotels.x]\nautoTyping = 1\n", "hotels is not known here"),
    ("[defaults]\nautoTyping = 11\n", "defaults: autoTyping is a whole number from 0 to 10"),
    ("[defaults]\nincomingWebhok = true\n", "Did you mean incomingWebhook?"),
    ('[defaults]\nwebhookUrlToken = "correct-horse"\n', "holds a secret, which does not belong here"),
    ('[defaults]\nproxyInstance = "1.2.3.4:1:a:b"\n', "holds a secret"),
    ('[defaults]\nwebhookUrl = "https://a.example/?key=1"\n', "what stands behind the question mark"),
    ('[defaults]\nwebhookUrl = "https://ira:geheim@a.example/"\n', "holds a secret"),
    ('[defaults]\nwebhookUrlToken_from = "elsewhere"\n', 'webhookUrlToken_from = "instance"'),
    ('[defaults]\nwebhookUrlToken_file = ""\n', "should say where it is kept"),
    ('[defaults]\nwebhookUrlToken_file = "a"\nwebhookUrlToken_env = "B"\n', "said twice"),
    ("not toml", "This is not TOML"),
    ("{not json", "This is not JSON"),
    ("[" * 2000, "This is not TOML"),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_file_that_is_wrong_is_refused_whole(text: str, words: str) -> None:
    with pytest.raises(BadWishes) as refused:
        wishes.read(text)
    assert words in str(refused.value)
    assert "correct-horse" not in str(refused.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(BadWishes, match=r"autoTyping.*instances\.a: delaySend"):
        wishes.read("[defaults]\nautoTyping = 11\n[instances.a]\ndelaySendMessagesMilliseconds = 1\n")


def test_a_saved_fleet_wishes_exactly_what_is_and_no_secret() -> None:
    first, second = default_settings(), default_settings()
    first |= {"incomingWebhook": "yes", "webhookUrlToken": "correct-horse-battery", "autoTyping": 3}
    second |= {"incomingWebhook": "yes", "webhookUrl": "https://a.example/?key=geheim"}
    text = saving.text_of({"a": first, "b": second}, whole=True)
    assert "correct-horse" not in text and "geheim" not in text
    assert "# Not written here, because secret: webhookUrl, webhookUrlToken." in text
    found = wishes.read(text)
    assert found.defaults["incomingWebhook"] == "yes"
    for name, living in (("a", first), ("b", second)):
        wish = {**found.defaults, **found.instances.get(name, {})}
        assert differences(wish, living) == ()  # type: ignore[arg-type]  # no reference is in a saved file
    assert "defaults" not in tomllib.loads(saving.text_of({"a": first, "b": second}, whole=False))


def change(state: str, *, at_ms: int = 0, **wanted: str | int) -> Change:
    digests = {name: digest("a", value) for name, value in wanted.items()}
    return Change(
        instance="a",
        state=state,  # type: ignore[arg-type]  # a state of the table
        wanted=digests,
        state_before="authorized",
        begun_at_ms=at_ms,
        actor="ira",
        detail=None,
    )


PLANS = [
    ("nothing differs", {"autoTyping": 0}, None, "same"),
    ("it differs", {"autoTyping": 1}, None, "change"),
    ("it differs, and was done before", {"autoTyping": 1}, change("done", autoTyping=1), "change"),
    ("it was asked for a moment ago", {"autoTyping": 1}, change("sent", autoTyping=1), "underway"),
    ("it is not known whether it was asked for", {"autoTyping": 1}, change("sending", autoTyping=1), "underway"),
    ("something else was asked for", {"autoTyping": 1}, change("sent", autoTyping=2), "change"),
    ("less was asked for", {"autoTyping": 1, "linkPreview": "no"}, change("sent", autoTyping=1), "change"),
    ("it was asked for long ago", {"autoTyping": 1}, change("sent", at_ms=-300_000, autoTyping=1), "change"),
    ("the clock was set back", {"autoTyping": 1}, change("sent", at_ms=99_000, autoTyping=1), "change"),
    ("it came into force, unseen", {"autoTyping": 0}, change("unverified", autoTyping=0), "verify"),
    ("it failed", {"autoTyping": 1}, change("failed", autoTyping=1), "change"),
]


@pytest.mark.parametrize(("wanted", "last", "kind"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_a_plan_follows_from_what_is_and_what_was_asked_for(
    wanted: dict[str, str | int], last: Change | None, kind: str
) -> None:
    made = plan("a", wanted, default_settings(), last, now_ms=1000)
    assert made.kind == kind
    assert made.wait_ms == (299_000 if kind == "underway" else 0)


def test_what_green_api_does_not_show_cannot_be_verified_so_it_is_not_sent_unless_forced() -> None:
    made = plan("a", {"newThing": "yes"}, default_settings(), None, now_ms=0)
    assert (made.kind, "does not show newThing" in made.problem) == ("problem", True)
    assert plan("a", {"newThing": "yes"}, default_settings(), None, now_ms=0, force=True).kind == "change"


def test_the_file_shown_in_the_guide_can_be_used(fleet: Mapping[str, Instance]) -> None:
    from tests.guide.pages import blocks, text_of

    [example] = [block.text for block in blocks(text_of("instances")) if block.info == ("toml",)]
    found = wishes.read(example)
    assert [*wishes.strangers(found, fleet.values())] == []
    assert wishes.wish_for(found, fleet["grand-kyiv"])["webhookUrlToken"] == Reference(way="from", place="instance")

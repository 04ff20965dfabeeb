"""Receivers in the store: what they may say, what is refused, and that nothing travels over the number it is about."""

import json
from pathlib import Path
from typing import Any

import pytest

from greenbot.alerts import receivers, silences
from greenbot.alerts.notify.kinds import KINDS
from greenbot.alerts.receivers import BadReceiver, receiver_from
from greenbot.db.audit import Wanted, entries
from greenbot.errors import NotFound, Refused, UsageError

from .conftest import House

HOOK = {"name": "ops", "kind": "webhook", "url": "https://alerts.example.com/in"}
MAIL = {"name": "mail", "kind": "email", "host": "smtp.example.com", "from": "b@example.com", "to": ["a@example.com"]}
PHONE = {"name": "phone", "kind": "whatsapp", "instance": "kyiv", "to": ["+380441234567"]}


@pytest.mark.parametrize(
    "fields",
    [
        HOOK,
        HOOK | {"default": True, "fallback": "mail", "enabled": False},
        HOOK | {"secret_command": ["pass", "show", "greenbot"]},
        MAIL | {"port": 465, "security": "tls", "user": "bot", "password_env": "SMTP_PASSWORD"},
        {"name": "chat", "kind": "slack", "url_file": "secrets/slack"},
        {"name": "tg", "kind": "telegram", "token_file": "secrets/tg", "chat": "@hotel_alerts"},
        {"name": "pd", "kind": "pagerduty", "key_env": "PD_KEY"},
        {"name": "run", "kind": "command", "command": ["logger", "-t", "greenbot"], "timeout_seconds": 5},
        {"name": "any", "kind": "apprise", "url_env": "APPRISE_URL"},
    ],
)
def test_what_a_person_says_is_read_stored_and_said_again_the_same(fields: dict[str, Any], house: House) -> None:
    if "fallback" in fields:
        receivers.add(house.db, receiver_from(MAIL), house.by)
    stored = receivers.add(house.db, receiver_from(fields), house.by)
    assert receivers.fields_of(stored) == {name: value for name, value in fields.items() if value is not None}
    assert receiver_from(receivers.fields_of(stored)).settings == stored.settings


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "name", "should be a name"),
        ({}, "kind", "is missing"),
        (HOOK | {"kind": "pigeon"}, "kind", "should be one of command, webhook"),
        (HOOK | {"name": "Ops Team"}, "name", "should be a name"),
        ({"name": "ops", "kind": "webhook"}, "url", "is missing"),
        (HOOK | {"url": "ftp://example.com"}, "url", "cannot be called"),
        (HOOK | {"url": "https://user:pw@example.com/"}, "url", "cannot be called"),
        (HOOK | {"url": "http://169.254.169.254/"}, "url", "is never called"),
        (HOOK | {"color": "red"}, "color", "is not a setting of webhook"),
        (HOOK | {"secret": "whsec_abc"}, "secret", "is a secret: say where it is kept"),
        (HOOK | {"secret_file": "a", "secret_env": "B"}, "secret_env", "one place is enough"),
        (HOOK | {"secret_env": "not a name"}, "secret_env", "name of an environment variable"),
        (HOOK | {"secret_command": "pass show x"}, "secret_command", "should be a list"),
        (HOOK | {"fallback": "ops"}, "fallback", "another receiver than this one"),
        (HOOK | {"default": "yes"}, "default", "true or false"),
        ({"name": "c", "kind": "slack"}, "url_file", "is missing (or url_env, url_command)"),
        ({"name": "c", "kind": "slack", "url": "https://hooks.slack.com/x"}, "url", "is a secret"),
        (MAIL | {"port": 99999}, "port", "from 1 to 65535"),
        (MAIL | {"port": True}, "port", "whole number"),
        (MAIL | {"security": "ssl"}, "security", "one of starttls, tls, none"),
        (MAIL | {"to": []}, "to", "list of 1 to 50"),
        (MAIL | {"from": "a@b\r\nBcc: c@d"}, "from", "plain text on one line"),
        (PHONE | {"to": ["12"]}, "to", "numbers with their country codes"),
        ({"name": "c", "kind": "command", "command": "rm -rf /"}, "command", "should be a list"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(fields: dict[str, Any], field: str, words: str) -> None:
    found = {problem.field: problem.message for problem in receivers.problems(fields)}
    assert words in found[field]
    with pytest.raises(BadReceiver) as error:
        receiver_from(fields)
    assert "whsec_abc" not in str(error.value) and "hooks.slack.com" not in str(error.value)


def test_a_change_names_only_what_changes_and_another_place_of_a_secret_replaces_the_first(house: House) -> None:
    first = receivers.add(house.db, receiver_from(MAIL | {"password_file": "secrets/smtp"}), house.by)
    changed = receiver_from({"password_env": "SMTP_PASSWORD", "port": 2525}, first)
    stored = receivers.change(house.db, changed, house.by)
    assert stored.settings["password_env"] == "SMTP_PASSWORD" and "password_file" not in stored.settings
    assert (stored.settings["port"], stored.settings["to"]) == (2525, ["a@example.com"])
    assert "port" not in receiver_from({"port": None}, stored).settings


def test_every_kind_documents_its_settings() -> None:
    for kind in KINDS:
        docs = dict(receivers.field_docs(kind))
        assert docs and all(docs.values())
    assert "token_file" in dict(receivers.field_docs("telegram"))


def test_a_webhook_gets_a_signing_secret_of_its_own_that_is_not_in_the_store(house: House, tmp_path: Path) -> None:
    stored = receivers.add(house.db, receiver_from(HOOK), house.by, secrets_dir=tmp_path / "secrets")
    path = Path(str(stored.settings["secret_file"]))
    value = path.read_text().strip()
    assert value.startswith("whsec_") and path.stat().st_mode & 0o777 == 0o600
    kept = json.dumps([list(row) for table in ("receivers", "audit") for row in house.db.all(f"select * from {table}")])
    assert value not in kept


def test_names_are_taken_once_and_found_or_not(house: House) -> None:
    receivers.add(house.db, receiver_from(HOOK), house.by)
    with pytest.raises(UsageError, match="already"):
        receivers.add(house.db, receiver_from(HOOK), house.by)
    for act in (receivers.get, lambda db, name: receivers.send_test(db, name, house.by)):
        with pytest.raises(NotFound, match="nobody"):
            act(house.db, "nobody")
    with pytest.raises(NotFound):
        receivers.add(house.db, receiver_from(HOOK | {"name": "b", "fallback": "nobody"}), house.by)


def test_a_receiver_that_others_name_stays(house: House) -> None:
    house.add("mail", "command", command=["true"])
    house.add("ops", "command", command=["true"], fallback="mail")
    with house.db.write() as tx:
        tx.run("update alert_rules set receivers = '[\"ops\"]' where name = 'slow_response'")
    with pytest.raises(Refused, match="receiver ops, as its fallback"):
        receivers.remove(house.db, "mail", house.by)
    with pytest.raises(Refused, match="rule slow_response"):
        receivers.remove(house.db, "ops", house.by)
    with house.db.write() as tx:
        tx.run("update alert_rules set receivers = '[]'")
    house.fire()
    receivers.send_test(house.db, "ops", house.by)
    assert receivers.remove(house.db, "ops", house.by) == 1
    assert house.rows() == [("ops", "dropped")]


def test_changes_are_in_the_audit(house: House) -> None:
    receivers.add(house.db, receiver_from(HOOK), house.by)
    receivers.switch(house.db, "ops", house.by, enabled=False)
    receivers.remove(house.db, "ops", house.by)
    actions = [entry.action for entry in entries(house.db, Wanted(action="receivers"))]
    assert actions == ["receivers.remove", "receivers.edit", "receivers.add"]


def test_a_number_is_not_the_only_way_to_hear_of_its_own_trouble(house: House) -> None:
    with pytest.raises(Refused, match=r"sends through kyiv, which the rule .* watches"):
        receivers.add(house.db, receiver_from(PHONE | {"default": True}), house.by)
    receivers.add(house.db, receiver_from(PHONE), house.by)
    with pytest.raises(Refused):
        receivers.change(house.db, receiver_from({"default": True}, receivers.get(house.db, "phone")), house.by)
    receivers.add(house.db, receiver_from(MAIL), house.by)
    safe = receiver_from({"default": True, "fallback": "mail"}, receivers.get(house.db, "phone"))
    receivers.change(house.db, safe, house.by)
    also = receiver_from(PHONE | {"name": "other", "default": True, "fallback": "phone"})
    receivers.add(house.db, also, house.by)


def test_a_silence_is_kept_with_its_author_and_ends_by_hand(house: House) -> None:
    now = house.clock.now_ms()
    one = silences.add(house.db, house.by, rule="slow_*", until_at_ms=now + 60_000, comment="works")
    assert (one.author, one.comment) == ("olena", "works")
    assert silences.all_of(house.db, now) == [one]
    ended = silences.end(house.db, one.id, house.by)
    assert silences.all_of(house.db, now) == []
    assert silences.all_of(house.db, now, with_ended=True) == [ended] == [silences.end(house.db, one.id, house.by)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"until_s": 0}, {"until_s": -60}, {"until_s": 400 * 86_400}, {"comment": " "}, {"comment": "a\nb"},
        {"rule": "x; drop"}, {"instance": "KYIV"}, {"severity": ""},
    ],
)  # fmt: skip
def test_a_silence_that_makes_no_sense_is_refused(house: House, wrong: dict[str, Any]) -> None:
    until = house.clock.now_ms() + int(wrong.pop("until_s", 60)) * 1000
    with pytest.raises(UsageError):
        silences.add(house.db, house.by, until_at_ms=until, **({"comment": "works"} | wrong))
    with pytest.raises(silences.UnknownSilence):
        silences.end(house.db, 77, house.by)

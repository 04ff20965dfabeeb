"""`greenbot partner list|create|delete`: instances that cost money, and tokens that come once."""

import secrets
from collections.abc import Iterator

import pytest

from greenbot.errors import ExitCode
from greenbot.simulator.world import World
from tests.cli.harness import Desk, Result

pytestmark = pytest.mark.integration


@pytest.fixture
def partner(desk: Desk) -> Iterator[Desk]:
    """A desk with the token of a partner account."""
    token = f"gac.{secrets.token_hex(20)}"
    desk.environ["GREEN_API_PARTNER_TOKEN"] = token
    desk.simulator.call(lambda: desk.simulator.world.partner_tokens.add(token))
    yield desk
    desk.simulator.call(lambda: desk.simulator.world.partner_tokens.discard(token))


def numbers(world: World) -> set[int]:
    return {number for number, one in world.instances.items() if one.deleted_at is None}


def shows_no_token(desk: Desk, said: Result) -> None:
    for one in desk.simulator.world.instances.values():
        assert one.token not in said.stdout + said.stderr
    assert desk.environ["GREEN_API_PARTNER_TOKEN"] not in said.stdout + said.stderr


def test_the_list_names_what_is_here_and_shows_no_token(partner: Desk) -> None:
    said = partner.here("partner", "list", "--json").ok()
    own = next(line for line in said.lines if line["id"] == str(partner.instance.id))
    assert (own["here"], own["state"], own["name"]) == ("default", "active", "kyiv")
    shows_no_token(partner, said)


def test_a_new_instance_is_added_here_with_its_token(partner: Desk) -> None:
    before = partner.simulator.call(lambda: numbers(partner.simulator.world))
    refused = partner.here("partner", "create", "seaview", "--json")
    assert (refused.exit_code, "--confirm seaview" in refused.error["hint"]) == (ExitCode.USAGE, True)
    preview = partner.here("partner", "create", "seaview", "--set", "incomingWebhook=yes", "-n").ok()
    assert ('"incomingWebhook": "yes"' in preview.stdout, "/createInstance/***" in preview.stdout) == (True, True)
    assert partner.simulator.call(lambda: numbers(partner.simulator.world)) == before
    said = partner.here(
        *("partner", "create", "seaview", "--set", "incomingWebhook=yes", "--confirm", "seaview", "--json")
    ).ok()
    [made] = partner.simulator.call(lambda: numbers(partner.simulator.world)) - before
    assert (said.json["id"], said.json["name"]) == (str(made), "seaview")
    shows_no_token(partner, said)
    there = partner.simulator.world.instances[made]
    assert (there.name, there.settings["incomingWebhook"]) == ("seaview", "yes")
    assert partner.here("instances", "state", "seaview", "-q").exit_code in (ExitCode.DONE, ExitCode.NOT_READY)
    listed = {line["name"]: line for line in partner.here("instances", "list", "--json").ok().lines}
    assert (listed["seaview"]["id"], listed["seaview"]["token"]) == (str(made), "ok")
    [entry] = partner.here("audit", "list", "--action", "partner.create", "--json").ok().lines
    assert entry["after"] == {"name": "seaview"}


def test_an_instance_is_deleted_only_by_its_name_and_its_phone_can_be_unlinked_first(partner: Desk) -> None:
    number = str(partner.instance.id)
    refused = partner.here("partner", "delete", number, "--json")
    assert (refused.exit_code, f"--confirm {number}" in refused.error["hint"]) == (ExitCode.USAGE, True)
    preview = partner.here("partner", "delete", "default", "-n").ok()
    assert f'"idInstance": {number}' in preview.stdout
    forbidden = partner.here("partner", "delete", "default", "--confirm", "default", "--read-only")
    assert (forbidden.exit_code, partner.instance.deleted_at) == (ExitCode.REFUSED, None)
    said = partner.here("partner", "delete", "default", "--logout", "--confirm", "default", "--json").ok()
    assert (said.json["id"], said.json["logged_out"]) == (number, True)
    assert (partner.instance.deleted_at is not None, partner.instance.state) == (True, "notAuthorized")
    assert "greenbot instances remove default" in said.stderr
    again = partner.here("partner", "delete", number, "--confirm", number)
    assert again.exit_code != ExitCode.DONE
    gone = {line["id"]: line["state"] for line in partner.here("partner", "list", "--deleted", "--json").ok().lines}
    assert gone[number] == "deleted"
    assert number not in {line["id"] for line in partner.here("partner", "list", "--json").ok().lines}


def test_a_token_that_cannot_be_added_is_kept_in_a_file(partner: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from greenbot.config import edit
    from greenbot.errors import ConfigError

    def fail(*_: object, **__: object) -> None:
        raise ConfigError("The file cannot be written.")

    monkeypatch.setattr(edit, "add_instance", fail)
    said = partner.here("partner", "create", "seaview", "--confirm", "seaview", "--json")
    assert said.exit_code == ExitCode.UNEXPECTED
    assert "--token-file" in said.error["hint"]
    shows_no_token(partner, said)
    newest = max(partner.simulator.world.instances)
    [kept] = partner.home.rglob(f"{newest}.token")
    assert kept.read_text().strip() == partner.simulator.world.instances[newest].token
    assert kept.stat().st_mode & 0o777 == 0o600


WRONG = [
    ("create Seaview --confirm Seaview", ExitCode.USAGE, "cannot be the name"),
    ("create default --confirm default", ExitCode.USAGE, "already"),
    ("create seaview --set webhookUrlToken_env=X --confirm seaview", ExitCode.USAGE, "when the instance is there"),
    ("create seaview --set incomingWebhok=yes --confirm seaview", ExitCode.USAGE, "Did you mean incomingWebhook?"),
    ("delete nowhere --confirm nowhere", ExitCode.NOT_FOUND, "no instance 'nowhere'"),
    ("delete 1101999999 --logout --confirm 1101999999", ExitCode.USAGE, "--logout needs"),
]


@pytest.mark.parametrize(("words", "code", "message"), WRONG)
def test_what_is_wrong_is_said_and_nothing_is_made(partner: Desk, words: str, code: int, message: str) -> None:
    before = partner.simulator.call(lambda: numbers(partner.simulator.world))
    said = partner.here("partner", *words.split(), "--json")
    assert (said.exit_code, message in said.error["message"]) == (code, True), said
    assert partner.simulator.call(lambda: numbers(partner.simulator.world)) == before


def test_without_a_partner_token_it_is_said_where_one_goes(desk: Desk) -> None:
    said = desk.here("partner", "list", "--json")
    assert (said.exit_code, "partner" in said.error["message"]) == (ExitCode.NOT_READY, True)


def test_a_partner_without_any_instance_can_begin(partner: Desk) -> None:
    for name in ("GREEN_API_INSTANCE_ID", "GREEN_API_TOKEN"):
        del partner.environ[name]
    partner.here("partner", "list", "--json").ok()

"""The configuration, its secrets, and who could read what."""

import stat
from collections.abc import Iterator
from pathlib import Path

from greenbot.doctor.facts import Facts, FileFact, Missing
from greenbot.doctor.finding import Check, Finding, fault, ok, or_ok, warning
from greenbot.server.exposure import SHORTEST_TOKEN, is_exposed

_MAKE = "openssl rand -hex 32"
_PAGES = ("server.viewer_token", "server.admin_token")
#: More of them than a person reads.
_MOST_FILES = 10


def config_valid(facts: Facts) -> Iterator[Finding]:
    """Files and environment can be read, and fit together."""
    assert not isinstance(facts.config, Missing)
    yield from or_ok((fault(one.what, one.fix) for one in facts.config), "It can be read, and every value fits.")


def instances(facts: Facts) -> Iterator[Finding]:
    """There is a number to work with."""
    assert not isinstance(facts.settings, Missing)
    count = len(facts.settings.instances)
    yield ok(f"{count} configured.") if count else fault("No instance is configured.", "greenbot init")


def tokens(facts: Facts) -> Iterator[Finding]:
    """Each instance has its API token, and it can be read."""
    assert not isinstance(facts.secrets, Missing)
    for one in facts.secrets:
        if one.key == "token" and not (one.problem or one.length):
            fix = f"greenbot instances edit {one.instance} --token-stdin"
            yield fault(f"There is no token: nothing in {one.place}.", fix, instance=one.instance)
        elif one.key == "token" and one.problem:
            yield fault(one.problem.what, one.problem.fix, instance=one.instance)


def other_secrets(facts: Facts) -> Iterator[Finding]:
    """What else is kept secret can be read, and by nobody else."""
    assert not isinstance(facts.secrets, Missing)
    for one in facts.secrets:
        if one.key != "token" and one.problem:
            yield fault(one.problem.what, one.problem.fix, instance=one.instance)


def webhook_token(facts: Facts) -> Iterator[Finding]:
    """Signature validation is on: webhooks are told from forgeries."""
    assert not isinstance(facts.secrets, Missing)
    relayed = any(one.length for one in facts.secrets if one.key in ("webhook.secret", "webhook.standard_secret"))
    for one in facts.secrets:
        if one.key != "webhook_token" or one.problem:
            continue
        if not one.length and not relayed:
            yield fault(
                f"There is no webhook token in {one.place}, so no webhook is accepted.",
                f"greenbot instances edit {one.instance} --webhook-token-stdin",
                instance=one.instance,
            )
        elif 0 < one.length < SHORTEST_TOKEN:
            what = f"The webhook token has {one.length} characters; {SHORTEST_TOKEN} cannot be guessed."
            yield warning(what, f"Make another one: {_MAKE}", instance=one.instance)


def page_tokens(facts: Facts) -> Iterator[Finding]:
    """The pages have tokens of their own, long enough."""
    assert not isinstance(facts.secrets, Missing)
    for one in facts.secrets:
        if one.key in _PAGES and not one.problem and one.length < SHORTEST_TOKEN:
            what = f"There is no {one.label}" if not one.length else f"The {one.label} has {one.length} characters"
            closed = "so nobody can open the page" if not one.length else f"too few: {SHORTEST_TOKEN} cannot be guessed"
            yield warning(f"{what}, {closed}.", f"{_MAKE}, and keep it in {one.place}")


def private(facts: Facts) -> Iterator[Finding]:
    """Nobody else can read tokens, guests' texts, backups or logs."""
    assert not isinstance(facts.files, Missing)
    found = [finding for one in facts.files if (finding := _of_file(one))]
    yield from found[:_MOST_FILES]
    if len(found) > _MOST_FILES:
        yield fault(f"So it is with {len(found) - _MOST_FILES} more files.", "greenbot doctor --only files.private")


def _of_file(one: FileFact) -> Finding | None:
    if stat.S_ISLNK(one.mode):
        return None
    if not one.is_ours:
        return fault(f"{one.path} belongs to somebody else.", f"chown $(id -u) {one.path}")
    if one.is_folder:
        return _open_folder(one.path, one.mode)
    if one.mode & 0o077:
        return fault(f"Others can read {one.path} (mode {one.mode:04o}).", f"chmod 600 {one.path}")
    return None


def _open_folder(path: Path, mode: int) -> Finding | None:
    if mode & 0o022:
        return fault(f"Others may write into the folder {path} (mode {mode:04o}).", f"chmod 700 {path}")
    if mode & 0o055:
        return warning(f"Others can look into the folder {path} (mode {mode:04o}).", f"chmod 700 {path}")
    return None


def https(facts: Facts) -> Iterator[Finding]:
    """What can be reached from outside speaks TLS; that GREEN-API is asked so, the configuration itself sees to."""
    assert not isinstance(facts.settings, Missing)
    settings = facts.settings
    server = settings.server
    if is_exposed(server.host) and server.tls_cert is None and not server.trusted_proxies:
        what = f"serve listens on {server.host} without TLS: tokens and guests' texts pass in the clear."
        yield fault(what, "greenbot config set server.host 127.0.0.1, behind a proxy that speaks HTTPS")


def certificate(facts: Facts) -> Iterator[Finding]:
    """The certificate fits its key and lasts."""
    assert not isinstance(facts.tls, Missing)
    tls = facts.tls
    renew = "Renew it, then send SIGHUP to greenbot serve"
    if tls.problem is not None:
        yield fault(tls.problem.what, tls.problem.fix)
    elif tls.expires_at_ms is not None:
        days = (tls.expires_at_ms - facts.now_ms) / 86_400_000
        if days < 0:
            yield fault("The certificate has ended.", renew)
        elif days < 14:
            yield warning(f"The certificate ends in {days:.0f} days.", renew)


def rates(facts: Facts) -> Iterator[Finding]:
    """The limits fit together, and to what WhatsApp tolerates."""
    assert not isinstance(facts.instances, Missing)
    for one in facts.instances:
        if one.rate_limit_per_minute > one.rate_limit_per_second * 60:
            what = (
                f"{one.rate_limit_per_minute} messages a minute cannot be reached with "
                f"{one.rate_limit_per_second:g} a second."
            )
            yield warning(what, f"greenbot instances limit {one.name}", instance=one.name)
        if one.rate_limit_per_second > 10:
            what = f"{one.rate_limit_per_second:g} messages a second: WhatsApp blocks numbers for far less."
            fix = f"greenbot config set instances.{one.name}.rate_limit_per_second 2"
            yield warning(what, fix, instance=one.name)


CHECKS = (
    Check(
        id="config.valid",
        title="The configuration can be read",
        why="Nothing starts with a configuration that contradicts itself.",
        needs=("config",),
        decide=config_valid,
    ),
    Check(
        id="config.instances",
        title="An instance is configured",
        why="Without one there is nothing to send from.",
        needs=("settings",),
        decide=instances,
    ),
    Check(
        id="config.rates",
        title="Rate limits are sane",
        why="A number that sends too fast is restricted by WhatsApp.",
        needs=("instances",),
        decide=lambda facts: or_ok(rates(facts), "They fit."),
    ),
    Check(
        id="secrets.tokens",
        title="Each instance has a token",
        why="GREEN-API does nothing without it.",
        needs=("secrets",),
        decide=lambda facts: or_ok(tokens(facts), "All are there."),
    ),
    Check(
        id="secrets.others",
        title="The other secrets can be read",
        why="A secret file that others can read is refused.",
        needs=("secrets",),
        decide=lambda facts: or_ok(other_secrets(facts), "All that are configured can."),
    ),
    Check(
        id="webhook.token",
        title="Webhooks are told from forgeries",
        why="Whoever can post events can speak as a guest.",
        needs=("secrets",),
        decide=lambda facts: or_ok(webhook_token(facts), "Each instance has a webhook token, or a relay signs."),
    ),
    Check(
        id="pages.tokens",
        title="The pages have tokens",
        why="The page shows which hotel has which trouble.",
        needs=("secrets",),
        decide=lambda facts: or_ok(page_tokens(facts), "Viewer and admin have one each."),
    ),
    Check(
        id="files.private",
        title="Nobody else can read the files",
        why="They hold tokens, guests' numbers and texts.",
        needs=("files",),
        decide=lambda facts: or_ok(private(facts), "Only their owner can."),
    ),
    Check(
        id="https.used",
        title="HTTPS everywhere",
        why="A token that passed in the clear belongs to everybody on the way.",
        needs=("settings",),
        decide=lambda facts: or_ok(https(facts), "Nothing passes in the clear."),
    ),
    Check(
        id="https.certificate",
        title="The certificate lasts",
        why="GREEN-API sends nothing to a server whose certificate has ended.",
        needs=("tls",),
        decide=lambda facts: or_ok(certificate(facts), "It fits its key and lasts."),
    ),
)

"""What GREEN-API says of each number: the token, the state, the settings, the time."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from greenbot.account_settings.fields import same
from greenbot.doctor.facts import AccountFact, Facts, Missing
from greenbot.doctor.finding import Check, Finding, fault, ok, or_ok, skipped, warning
from greenbot.outbound.addresses import address_of, is_public

SKEW_WARNING_MS, SKEW_FAULT_MS = 5_000, 60_000
_ANSWERED = ("OK", "ACCEPTED")
#: What greenbot lives on, and what is missed without it.
NEEDED = {
    "incomingWebhook": "guests' messages do not arrive",
    "outgoingWebhook": "nobody learns whether a message was delivered or read",
    "stateWebhook": "a number that logs out is noticed late",
    "outgoingMessageWebhook": "what is written on the phone is missing from the conversation",
}
_LATER = "wait 10 s, then: greenbot doctor"
_FAULTS = frozenset({"incomingWebhook", "outgoingWebhook"})
_STATES = {
    "notAuthorized": ("The number is not linked to WhatsApp.", "greenbot instances qr {name}"),
    "blocked": (
        "WhatsApp has blocked the number.",
        "Write to WhatsApp; meanwhile: greenbot outbox pause --instance {name}",
    ),
    "yellowCard": ("WhatsApp has restricted the number: it may not begin new chats.", "greenbot help troubleshooting"),
    "suspended": ("WhatsApp has suspended the number for a while.", "greenbot outbox pause --instance {name}"),
    "sleepMode": ("The phone is switched off.", "Switch the phone on, then: greenbot instances state {name}"),
    "starting": ("The instance is starting.", "greenbot instances state {name}"),
}
_MILD = frozenset({"sleepMode", "starting"})


def _known(facts: Facts) -> Iterator[tuple[str, AccountFact]]:
    assert not isinstance(facts.accounts, Missing)
    yield from ((name, one) for name, one in facts.accounts.items() if isinstance(one, AccountFact))


def _settings(facts: Facts) -> Iterator[tuple[str, AccountFact, dict[str, object]]]:
    yield from ((name, one, dict(one.settings)) for name, one in _known(facts) if one.settings is not None)


def _told(facts: Facts, findings: Iterable[Finding], fine: str) -> Iterator[Finding]:
    """The findings, and which numbers were not looked at; that all is well where each one was."""
    unseen = [name for name, one in _known(facts) if one.is_limited and one.settings is None]
    found = list(findings)
    yield from found
    for name in unseen:
        yield skipped("Not looked at: GREEN-API asks for fewer calls.", instance=name, fix=_LATER)
    if not found and not unseen:
        yield ok(fine)


def reachable(facts: Facts) -> Iterator[Finding]:
    """GREEN-API answers, and it is GREEN-API."""
    assert not isinstance(facts.accounts, Missing)
    for name, one in facts.accounts.items():
        if isinstance(one, Missing):
            yield fault(
                f"It could not be asked: {one.why}.", one.fix or "greenbot config get api.base_url", instance=name
            )
        elif one.outcome in ("NOT_SENT", "AMBIGUOUS"):
            words = f"{one.reason}: {one.detail}" if one.detail else one.reason
            yield fault(f"GREEN-API does not answer ({words}).", "greenbot config get api.base_url", instance=name)
        elif one.outcome in ("CONFIG", "PERMANENT"):
            what = f"Something answers that is not GREEN-API ({one.detail or one.reason})."
            yield fault(what, f"greenbot config get instances.{name}.api_url", instance=name)
        elif one.outcome == "LIMITED":
            yield warning(f"GREEN-API asks for fewer calls ({one.reason}).", _LATER, instance=name)
        elif one.outcome == "QUOTA":
            what = f"GREEN-API allows no more calls of this kind ({one.reason})."
            yield warning(what, f"greenbot instances state {name}", instance=name)


def accepted(facts: Facts) -> Iterator[Finding]:
    """The token is the right one."""
    for name, one in _known(facts):
        if one.outcome == "AUTH":
            yield fault("GREEN-API refuses the token.", f"greenbot instances edit {name} --token-stdin", instance=name)


def state(facts: Facts) -> Iterator[Finding]:
    """The number can send."""
    for name, one in _known(facts):
        if one.outcome in _ANSWERED and one.state != "authorized":
            what, fix = _STATES.get(one.state, (f"Its state is {one.state!r}.", "greenbot instances state {name}"))
            say = warning if one.state in _MILD else fault
            yield say(what, fix.format(name=name), instance=name)


def clock(facts: Facts) -> Iterator[Finding]:
    """This machine's clock is right."""
    skews = [one.skew_ms for _, one in _known(facts) if one.skew_ms is not None]
    skew_ms = min(skews, key=abs, default=0)
    if abs(skew_ms) > SKEW_WARNING_MS:
        side = "behind" if skew_ms > 0 else "ahead of"
        say = fault if abs(skew_ms) > SKEW_FAULT_MS else warning
        yield say(f"This machine's clock is {abs(skew_ms) // 1000} s {side} GREEN-API's.", "timedatectl set-ntp true")


def switches(facts: Facts) -> Iterator[Finding]:
    """GREEN-API tells what greenbot lives on."""
    for name, _, there in _settings(facts):
        off = [field for field in NEEDED if not same("yes", there.get(field))]
        if off:
            say = fault if _FAULTS & set(off) else warning
            missed = "; ".join(NEEDED[field] for field in off)
            fix = f"greenbot instances settings set {name} {' '.join(f'{field}=yes' for field in off)}"
            yield say(f"{', '.join(off)} is off: {missed}.", fix, instance=name)


def url(facts: Facts) -> Iterator[Finding]:
    """GREEN-API sends events to an address that can be reached from outside."""
    for name, one, there in _settings(facts):
        where = str(there.get("webhookUrl") or "")
        fix = f"greenbot instances settings set {name} webhookUrl=https://…/api/v1/webhooks/green-api/{name}"
        problem = _problem_of(where, is_allowed=_is_allowed(facts, where))
        if not where and not one.polled:
            yield fault("GREEN-API has no webhookUrl, and nobody fetches events.", fix, instance=name)
        elif where and one.polled:
            what = "GREEN-API sends events to webhookUrl, yet a process here fetches them too."
            yield warning(what, f"greenbot instances settings set {name} webhookUrl=", instance=name)
        elif where and problem:
            yield fault(f"GREEN-API cannot use this webhookUrl: {problem}.", fix, instance=name)


def _is_allowed(facts: Facts, where: str) -> bool:
    """The hotel has said that this place is meant."""
    from greenbot.errors import GreenbotError
    from greenbot.outbound.guard import check_url
    from greenbot.wiring import outbound_policy

    assert not isinstance(facts.settings, Missing)
    if not facts.settings.outbound_allow:
        return False
    try:
        check_url(where, outbound_policy(facts.settings))
    except GreenbotError:
        return False
    return True


def _problem_of(where: str, *, is_allowed: bool) -> str:
    try:
        parts = urlsplit(where)
        host = parts.hostname or ""
    except ValueError:
        return "it is no address"
    address = address_of(host)
    if address is not None and is_allowed:
        return ""
    if address is not None and not is_public(address):
        return f"{host} is an address of a private network"
    if address is None and ("." not in host or host.endswith((".local", ".internal", ".localhost"))):
        return f"{host} is a name of this machine or its network"
    return "" if parts.scheme == "https" else "it is not https, so anybody on the way reads guests' texts and the token"


def token(facts: Facts) -> Iterator[Finding]:
    """GREEN-API sends the webhook token that greenbot expects."""
    for name, one, _ in _settings(facts):
        if one.token_matches is False:
            what = "GREEN-API sends another webhook token than greenbot expects: every event is refused."
            fix = f"greenbot instances settings set {name} webhookUrlToken_from=instance"
            yield fault(what, fix, instance=name)


def pace(facts: Facts) -> Iterator[Finding]:
    """GREEN-API's own delay fits to what greenbot hands over."""
    assert not isinstance(facts.settings, Missing)
    for name, _, there in _settings(facts):
        delay = there.get("delaySendMessagesMilliseconds")
        if not isinstance(delay, int) or delay <= 0:
            continue
        leaves, given = 60_000 / delay, facts.settings.instances[name].rate_limit_per_minute
        if given > leaves:
            what = f"GREEN-API sends {leaves:.0f} messages a minute, greenbot hands over {given}: they pile up there."
            fix = f"greenbot config set instances.{name}.rate_limit_per_minute {max(1, int(leaves))}"
            yield warning(what, fix, instance=name)


def answered(facts: Facts) -> Iterator[Finding]:
    """The settings were told at all."""
    for name, one in _known(facts):
        if one.settings is None and one.outcome in _ANSWERED:
            what = f"GREEN-API did not tell its settings ({one.settings_reason or 'no answer'})."
            fix = _LATER if one.is_limited else f"greenbot instances settings get {name}"
            yield warning(what, fix, instance=name)


CHECKS = (
    Check(
        id="api.reachable",
        title="GREEN-API answers",
        why="Nothing leaves without it.",
        needs=("accounts",),
        decide=lambda facts: or_ok(reachable(facts), "It answers for each instance."),
    ),
    Check(
        id="api.token",
        title="GREEN-API accepts the tokens",
        why="A refused token stops all messages of the number.",
        needs=("accounts",),
        decide=lambda facts: or_ok(accepted(facts), "None is refused."),
    ),
    Check(
        id="api.state",
        title="The numbers can send",
        why="GREEN-API takes messages of a number that is not linked, and sends them to nobody.",
        needs=("accounts",),
        decide=lambda facts: or_ok(state(facts), "All are authorized."),
    ),
    Check(
        id="clock.right",
        title="The clock is right",
        why="Schedules, expiry, signatures and the search for lost messages count on it.",
        needs=("accounts",),
        decide=lambda facts: or_ok(clock(facts), "It goes with GREEN-API's."),
    ),
    Check(
        id="settings.told",
        title="GREEN-API tells its settings",
        why="What is set there decides which events come.",
        needs=("accounts",),
        decide=lambda facts: or_ok(answered(facts), "For each instance."),
    ),
    Check(
        id="settings.webhooks",
        title="The webhooks greenbot needs are on",
        why="What GREEN-API does not tell, nobody here knows.",
        needs=("accounts",),
        decide=lambda facts: _told(facts, switches(facts), "They are."),
    ),
    Check(
        id="settings.url",
        title="Events have a public address to go to",
        why="GREEN-API keeps an event for 24 hours, then it is lost.",
        needs=("accounts", "settings"),
        decide=lambda facts: _told(facts, url(facts), "They have."),
    ),
    Check(
        id="settings.token",
        title="Both sides have one webhook token",
        why="An event with another token is refused, again and again, for a day.",
        needs=("accounts",),
        decide=lambda facts: _told(facts, token(facts), "They have."),
    ),
    Check(
        id="settings.pace",
        title="GREEN-API's delay fits the rate limit",
        why="What waits at GREEN-API can be neither reordered nor cancelled one by one.",
        needs=("accounts", "settings"),
        decide=lambda facts: _told(facts, pace(facts), "It does."),
    ),
)

"""What answers at the webhook's public address. Each way to fail has its own words, since each is mended elsewhere."""

from collections.abc import Iterator

from greenbot.doctor.facts import Facts, Missing, ProbeFact
from greenbot.doctor.finding import Check, Finding, fault, or_ok, warning

_PATH = "/api/v1/webhooks/green-api"
_FAILURES = {
    "dns": ("its name leads nowhere", "Check the DNS entry of that name"),
    "connect": (
        "nothing answers there",
        "Check proxy and firewall; some routers do not let a machine reach itself by its public name",
    ),
    "tls": ("its certificate or TLS is not in order", "Renew the certificate, with the whole chain"),
    "timeout": ("no answer came in time", "Check the proxy's log, and that greenbot serve runs"),
    "broken": ("the connection broke", "Check the proxy's log"),
}


def reached(facts: Facts) -> Iterator[Finding]:
    """Our own service answers there, and takes the token."""
    assert not isinstance(facts.probes, Missing)
    yield from (finding for one in facts.probes if (finding := _of(one)))


def _of(one: ProbeFact) -> Finding | None:
    name = one.instance
    match one.kind:
        case "greenbot":
            return None
        case "refused":
            what = f"greenbot answers at {one.url}, and refuses the webhook token."
            fix = "Send SIGHUP to greenbot serve, so that it reads the token again; let the proxy pass Authorization on"
            return fault(what, fix, instance=name)
        case "blocked":
            what = f"greenbot answers at {one.url}, and listens to nobody from here after too many wrong tokens."
            return fault(what, "Wait a minute, then: greenbot doctor --connect", instance=name)
        case "redirect":
            what = f"{one.url} answers with {one.words}; GREEN-API follows none."
            return fault(
                what, f"greenbot instances settings set {name} webhookUrl=… with the final address", instance=name
            )
        case "path":
            fix = f"greenbot instances settings set {name} webhookUrl=https://…{_PATH}/{name}"
            return fault(f"greenbot answers at {one.url}, but that path is none of its webhooks.", fix, instance=name)
        case "proxy":
            what = f"A proxy answers at {one.url} ({one.words}), and nobody behind it."
            return fault(what, "greenbot serve, at the address the proxy passes requests to", instance=name)
        case "stranger":
            what = f"Something answers at {one.url} ({one.words}) that is not greenbot."
            return fault(what, "Point the proxy's path at greenbot serve: greenbot service show nginx", instance=name)
        case "failure":
            return _of_failure(one)


def _of_failure(one: ProbeFact) -> Finding:
    if one.failure == "forbidden":
        words = one.words.rstrip(".")
        fix = f"greenbot doctor --webhook-url {one.url}"
        return warning(f"It was not called: {words}.", fix, instance=one.instance)
    what, fix = _FAILURES.get(one.failure, (one.words, "greenbot help troubleshooting"))
    return fault(f"{one.url} cannot be reached: {what}.", fix, instance=one.instance)


def locked(facts: Facts) -> Iterator[Finding]:
    """Nobody without the token gets in by that address."""
    assert not isinstance(facts.probes, Missing)
    for one in facts.probes:
        if one.open_without_token:
            what = f"{one.url} lets in everybody: what stands before greenbot adds the token by itself."
            fix = "Take the line that sets Authorization out of the proxy: greenbot service show nginx"
            yield fault(what, fix, instance=one.instance)


CHECKS = (
    Check(
        id="webhook.reached",
        title="The webhook can be reached by its public name",
        why="GREEN-API has only this way to tell what guests write.",
        needs=("probes",),
        decide=lambda facts: or_ok(reached(facts), "greenbot answers there and takes the token."),
    ),
    Check(
        id="webhook.locked",
        title="The webhook refuses strangers",
        why="Whoever can post events can speak as a guest.",
        needs=("probes",),
        decide=lambda facts: or_ok(locked(facts), "Without the token nobody gets in."),
    ),
)

"""Whether the server may be reached from outside: only when every kind of route it has is locked."""

from collections.abc import Iterable, Mapping

from greenbot.errors import ConfigError
from greenbot.server.auth import Tokens
from greenbot.server.origin import is_loopback
from greenbot.server.policy import Policy, Route

#: 24 characters of hex are 96 random bits; nobody guesses them at five tries a minute.
SHORTEST_TOKEN = 24
_MAKE_ONE = "openssl rand -hex 32"


def is_exposed(host: str) -> bool:
    """Whether others than this machine can reach what listens on `host`."""
    return host != "localhost" and not is_loopback(host)


def refuse_unlocked(host: str, routes: Iterable[Route], tokens: Tokens, places: Mapping[str, str]) -> None:
    """Raises `ConfigError` when an exposed server would leave a route without a proper credential.

    `places` says where each secret is looked for: `viewer`, `admin`, and the webhook token of each instance.
    """
    if not is_exposed(host):
        return
    policies = {route.policy for route in routes}
    problems = [*_webhook_problems(tokens, places)] if Policy.WEBHOOK in policies else []
    for policy, secret in ((Policy.VIEWER, tokens.viewer), (Policy.ADMIN, tokens.admin)):
        if policy in policies:
            length = len(secret.reveal()) if secret else 0
            problems += _problem(f"{policy.value} token", length, places[policy.value])
    if problems:
        raise ConfigError(
            f"{host} can be reached from other machines, so greenbot does not listen there yet:\n"
            + "\n".join(f"  {problem}" for problem in problems),
            hint=f"Make tokens with: {_MAKE_ONE}. Or leave --host out, and let a proxy on this machine pass "
            "requests on. Without pages: --no-dashboard. See: greenbot help webhooks",
        )


def _webhook_problems(tokens: Tokens, places: Mapping[str, str]) -> Iterable[str]:
    relays = [secret for secret in (tokens.relay, tokens.standard) if secret is not None]
    for secret in relays:
        yield from _problem("webhook secret", len(secret.reveal()), places["relay"])
    for name, secrets in tokens.webhook.items():
        if not secrets and not relays:
            yield from _problem(f"webhook token of {name}", 0, places[name])
        for secret in secrets:
            yield from _problem(f"webhook token of {name}", len(secret.reveal()), places[name])


def _problem(what: str, length: int, place: str) -> list[str]:
    if length >= SHORTEST_TOKEN:
        return []
    if not length:
        return [f"there is no {what} (looked in {place})"]
    return [f"the {what} has {length} characters; it needs {SHORTEST_TOKEN} (it is in {place})"]

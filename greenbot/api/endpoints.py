"""The endpoint catalogue: every method of GREEN-API as data.

It drives the client's methods, `greenbot api METHOD`, the limiter, the help topics and the comparison with the
simulator's routes. Source: GREEN-API docs, November 2026. Standard library only: it is on the path of every command.
"""

from greenbot.api.catalogue.account import ACCOUNT
from greenbot.api.catalogue.catalogs import CATALOGS
from greenbot.api.catalogue.groups import GROUPS
from greenbot.api.catalogue.journals import JOURNALS
from greenbot.api.catalogue.partner import PARTNER
from greenbot.api.catalogue.queues import QUEUES
from greenbot.api.catalogue.receiving import RECEIVING
from greenbot.api.catalogue.sending import SENDING
from greenbot.api.catalogue.service import SERVICE
from greenbot.api.catalogue.statuses import STATUSES
from greenbot.api.endpoint import Endpoint, Host, Param, Verb
from greenbot.errors import UnknownMethod, UsageError

__all__ = ["ENDPOINTS", "Endpoint", "Param", "find", "unlisted"]

_ALL = (
    *ACCOUNT,
    *SENDING,
    *RECEIVING,
    *JOURNALS,
    *QUEUES,
    *GROUPS,
    *STATUSES,
    *SERVICE,
    *CATALOGS,
    *PARTNER,
)

#: By name, in the order of GREEN-API's documents.
ENDPOINTS: dict[str, Endpoint] = {endpoint.name: endpoint for endpoint in _ALL}

_BY_LOWER = {name.lower(): endpoint for name, endpoint in ENDPOINTS.items()}


def find(name: str) -> Endpoint:
    """The method of that name in any case (GREEN-API itself does not mind the case).

    Raises UnknownMethod, with the nearest names as a hint.
    """
    endpoint = _BY_LOWER.get(name.strip().lower())
    if endpoint is not None:
        return endpoint
    near = _nearest(name)
    hint = f"Did you mean {' or '.join(near)}?" if near else None
    raise UnknownMethod(f"GREEN-API has no method {name!r}.", hint=hint)


def unlisted(name: str, *, verb: Verb = "POST", host: Host = "api") -> Endpoint:
    """A method this catalogue does not know yet, with the most careful assumptions: never safe to repeat.

    Raises UsageError if `name` could not be one segment of a path.
    """
    if not (name.isascii() and name.isalnum()):
        raise UsageError(f"{name!r} cannot be the name of a method.", hint="Names look like getStateInstance.")
    return Endpoint(
        name=name,
        summary="Not in the catalogue",
        group="unlisted",
        verb=verb,
        host=host,
        body="json" if verb == "POST" else "query",
        answer="empty",
        reply_limit_bytes=64 * 1024 * 1024,
    )


def _nearest(name: str) -> list[str]:
    import difflib

    found = difflib.get_close_matches(name.strip().lower(), list(_BY_LOWER), n=2, cutoff=0.6)
    return [_BY_LOWER[lower].name for lower in found]

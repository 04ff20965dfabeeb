"""What is decided about a request before its body is read: whether it is heard at all."""

from collections.abc import Callable, Mapping

from greenbot.clock import Clock
from greenbot.logs.notes import note
from greenbot.server.auth import Credentials, Signature
from greenbot.server.exchange import (
    ENCODED,
    EXPECTATION_FAILED,
    FORBIDDEN_ORIGIN,
    MISDIRECTED,
    TOO_LARGE,
    TOO_MANY,
    UNAUTHORIZED,
    Identity,
    Reply,
)
from greenbot.server.head import Head
from greenbot.server.limits import Limits
from greenbot.server.origin import Hosts, Network, client_of
from greenbot.server.policy import Policy, Route, Routes
from greenbot.server.sessions import is_own_origin
from greenbot.server.throttle import Failures

#: Any answer's credential would be about no instance at all.
_NOBODY = Identity()
_NO_PARAMS: Mapping[str, str] = {}
_MOST_KNOWN = 256


def nobody_counts() -> None:
    """Nobody counts wrong credentials."""


class Admission:
    """A request that is heard: what to read of it and whom to give it to."""

    __slots__ = ("client", "head", "identity", "most_bytes", "params", "route", "signature")

    def __init__(self, route: Route, head: Head, params: Mapping[str, str], client: str, most_bytes: int) -> None:
        self.route = route
        self.head = head
        self.params = params
        self.client = client
        self.most_bytes = most_bytes
        self.identity = _NOBODY
        #: Still to be checked against the body; until then the identity is only a claim.
        self.signature: Signature | None = None

    @property
    def is_authenticated(self) -> bool:
        """Whether a credential was shown already; a signature is none before the body is here."""
        return self.signature is None and self.identity is not _NOBODY


class Gate:
    """Decides by method, path, host and credential, in that order, and denies what it does not know.

    `credentials` may be replaced at any time.
    """

    def __init__(
        self,
        routes: Routes,
        credentials: Credentials,
        *,
        hosts: Hosts,
        trusted: tuple[Network, ...],
        limits: Limits,
        clock: Clock,
        on_refused: Callable[[], None] = nobody_counts,
    ) -> None:
        self._credentials = credentials
        #: Admissions by the bytes of their head and the peer it came from: whoever delivers sends the same head again
        #: and again. Only heads that carried the right token stand here, and only while that token is in force.
        self._known: dict[tuple[bytes, str], Admission] = {}
        self.failures = Failures()
        #: Wrong credentials since the start.
        self.refused = 0
        self._routes = routes
        self._hosts = hosts
        self._trusted = trusted
        self._limits = limits
        self._clock = clock
        self._on_refused = on_refused

    @property
    def credentials(self) -> Credentials:
        """What opens which routes."""
        return self._credentials

    @credentials.setter
    def credentials(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._known.clear()

    def recall(self, raw: bytes, peer: str) -> Admission | None:
        """The admission of a webhook whose head came before, byte for byte, from the same peer."""
        return self._known.get((raw, peer))

    def remember(self, raw: bytes, peer: str, admission: Admission) -> None:
        """Recall this one when the same head comes again, if its token alone decided."""
        if admission.route.policy is Policy.WEBHOOK and admission.is_authenticated:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[raw, peer] = admission

    def admit(self, head: Head, peer: str) -> Admission | Reply:
        """The request as it will be heard, or the answer that ends it here."""
        found = self._routes.find(head.method, head.path)
        if isinstance(found, Reply):
            return found
        route, params = found
        client = client_of(peer, head.headers.get(b"x-forwarded-for"), self._trusted)
        if route.policy is Policy.WEBHOOK:
            admission = Admission(route, head, params, client, self._limits.webhook_bytes)
            return self._identified(admission) or self._measured(admission)
        admission = Admission(route, head, params, client, self._limits.page_bytes)
        return self._permitted(admission) or self._measured(admission)

    def _identified(self, admission: Admission) -> Reply | None:
        """Whose webhook this is. The path only narrows down what the credential says."""
        head, instance = admission.head, admission.params.get("instance")
        names = self.credentials.by_token(head)
        if not names:
            admission.signature = self.credentials.signature_of(head)
            names = self.credentials.signed_for(instance) if admission.signature else ()
        if instance is not None:
            names = (instance,) if instance in names else ()
        if not names:
            return self.refuse(admission.client)
        admission.identity = Identity(instances=names)
        return None

    def _permitted(self, admission: Admission) -> Reply | None:
        policy, head = admission.route.policy, admission.head
        if policy is Policy.OPEN:
            return None
        if not self._hosts.knows(head.single(b"host")):
            return MISDIRECTED
        if self.failures.is_blocked(admission.client, self._clock.monotonic()):
            return TOO_MANY
        if b"authorization" not in head.headers:
            return self._by_session(admission)
        if not self.credentials.opens(policy, head):
            return self.refuse(admission.client)
        admission.identity = Identity(role=policy.value)
        return None

    def _by_session(self, admission: Admission) -> Reply | None:
        """A browser's turn. Showing nothing is no guess, and nobody guesses a session: no failure is counted."""
        route, head = admission.route, admission.head
        session = self.credentials.session(route.policy, head, now_ms=self._clock.now_ms())
        if session is None:
            is_browser = b"text/html" in head.headers.get(b"accept", b"")
            return route.sign_in if route.sign_in and is_browser else UNAUTHORIZED
        if head.method != "GET" and not is_own_origin(head):
            return FORBIDDEN_ORIGIN
        admission.identity = Identity(role=route.policy.value, session=session)
        return None

    def refuse(self, client: str) -> Reply:
        """The answer to a wrong credential: always the same one, until there were too many."""
        now = self._clock.monotonic()
        is_blocked = self.failures.is_blocked(client, now)
        self.refused += 1
        if not is_blocked:
            # Neither the credential nor the path: both are a stranger's. After too many there are no more lines.
            note("warning", "refused", outcome="unauthorized", host=client)
        self._on_refused()
        self.failures.note(client, now)
        return TOO_MANY if is_blocked else UNAUTHORIZED

    def is_genuine(self, admission: Admission, body: bytes) -> bool:
        """Whether the body is the one that was signed; True where nothing had to be signed."""
        signature = admission.signature
        return signature is None or signature.holds(body, now_ms=self._clock.now_ms())

    def _measured(self, admission: Admission) -> Admission | Reply:
        """Refuse what would be too much or not be understood, before any of it is read."""
        headers = admission.head.headers
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            return ENCODED
        if headers.get(b"expect", b"100-continue").lower() != b"100-continue":
            return EXPECTATION_FAILED
        if admission.head.content_length > admission.most_bytes:
            return self.too_large(admission)
        return admission

    def too_large(self, admission: Admission) -> Reply:
        """The answer to a body that is too long; the route hears of it when the sender is who he says."""
        if admission.route.on_too_large is not None and admission.signature is None:
            admission.route.on_too_large(admission.identity)
        return TOO_LARGE

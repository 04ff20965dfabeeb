"""A GREEN-API that shows exactly what a test put on its shelf, and counts who asked for what."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from greenbot.api.endpoint import Endpoint
from greenbot.api.outcome import Outcome, OutcomeClass
from greenbot.clock import ManualClock

BLIND = Outcome(cls=OutcomeClass.NOT_SENT, reason="connect_failed", detail="connection refused")
UNKNOWN = Outcome(cls=OutcomeClass.PERMANENT, reason="bad_request", status=400)
GUEST_CHAT = "380441234567@c.us"


@dataclass(kw_only=True)
class Shelf:
    """`hidden` messages wait in the queue without being shown. `fails` names methods that get no answer."""

    clock: ManualClock
    state: str = "authorized"
    queue: list[dict[str, object]] = field(default_factory=list)
    hidden: int = 0
    journal: list[dict[str, object]] = field(default_factory=list)
    stories: list[dict[str, object]] = field(default_factory=list)
    known: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    fails: set[str] = field(default_factory=set)
    asked: Counter[str] = field(default_factory=Counter)
    asked_for: list[Mapping[str, object]] = field(default_factory=list)
    on_call: Callable[[str], None] = lambda method: None

    async def exchange(self, endpoint: Endpoint, params: Mapping[str, object]) -> Outcome:
        self.asked[endpoint.name] += 1
        self.asked_for.append(params)
        self.on_call(endpoint.name)
        if endpoint.name in self.fails:
            return BLIND
        if endpoint.name == "getMessage":
            found = self.known.get((str(params["chatId"]), str(params["idMessage"])))
            return UNKNOWN if found is None else self._answer(found)
        return self._answer(
            {
                "getStateInstance": {"stateInstance": self.state},
                "showMessagesQueue": self.queue,
                "getMessagesCount": {"count": len(self.queue) + self.hidden},
                "lastOutgoingMessages": self.journal,
                "getOutgoingStatuses": self.stories,
            }[endpoint.name]
        )

    def _answer(self, data: object) -> Outcome:
        return Outcome(cls=OutcomeClass.OK, reason="ok", data=data, status=200)

    def item(
        self,
        remote_id: str,
        text: str,
        *,
        chat_id: str = GUEST_CHAT,
        status: str = "sent",
        age: float = 0.0,
        **more: object,
    ) -> dict[str, object]:
        """A journal entry of a text, `age` seconds old."""
        return {
            "type": "outgoing",
            "idMessage": remote_id,
            "timestamp": int(self.clock.now_ms() / 1000 - age),
            "typeMessage": "extendedTextMessage",
            "chatId": chat_id,
            "textMessage": text,
            "statusMessage": status,
            "sendByApi": True,
            **more,
        }

    def waiting(self, remote_id: str, text: str, *, chat_id: str = GUEST_CHAT) -> dict[str, object]:
        """A queue entry of a text."""
        body = {"chatId": chat_id, "message": text}
        return {"messageID": remote_id, "messagesIDs": [remote_id], "type": "sendMessage", "body": body}

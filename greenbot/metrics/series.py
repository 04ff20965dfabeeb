"""What is counted, and when it counts as bad.

| series   | one of it                               | bad                                 | takes                |
|----------|-----------------------------------------|-------------------------------------|----------------------|
| send     | a call that sends something             | failed (below)                      | its time             |
| query    | a question to GREEN-API                 | failed                              | its time             |
| transfer | an upload or a download                 | failed                              | its time             |
| poll     | a call that waits for notifications     | failed                              | its time, by design  |
| wait     | a call held back by a rate limit        | never                               | the wait             |
| message  | a message that ended, or is in doubt    | failed, expired, uncertain          | -                    |
| delivery | a status: sent, delivered, read ...     | never                               | accepted-delivered   |
| event    | an authenticated event and its fate     | dead, quarantined, not answered 200 | until processed      |
| webhook  | a request to our webhook                | not answered with 200               | its time             |
| auth     | a request with wrong credentials        | always                              | -                    |
| queue    | a sample of how many messages wait      | never                               | the number, as if ms |
| age      | a sample of how long the oldest one has | never                               | that long            |

A call failed when it was lost, timed out, answered 5xx, 401, 403, 404, 466 or unreadably, or was refused because the
number is not authorized. A 429 has its own rule, and what a caller asked wrongly (400, 413) is not GREEN-API's failure.
A guest without WhatsApp is not a failure of ours either.
"""

from enum import IntEnum

from greenbot.api.facts import OutcomeClass


class Series(IntEnum):
    """The number of a series in the store."""

    SEND = 1
    QUERY = 2
    TRANSFER = 3
    POLL = 4
    WAIT = 5
    MESSAGE = 6
    DELIVERY = 7
    EVENT = 8
    WEBHOOK = 9
    AUTH = 10
    QUEUE = 11
    AGE = 12

    @property
    def title(self) -> str:
        """Its name for people and for JSON."""
        return self.name.lower()


#: All but long polls: what GREEN-API's errors are counted over.
CALLS = (Series.SEND, Series.QUERY, Series.TRANSFER)
#: What its speed is judged by: polls are slow by design, uploads by size.
TIMED_CALLS = (Series.SEND, Series.QUERY)

#: Samples are no counts: the fleet's are taken by themselves.
SAMPLES = (Series.QUEUE, Series.AGE)

RATE_LIMITED = "429 rate_limited"
#: Not an outage: the number has no WhatsApp.
NO_ACCOUNT = ("noAccount", "no_account", "notInGroup")

_FAILED = frozenset({OutcomeClass.NOT_SENT, OutcomeClass.AMBIGUOUS, OutcomeClass.AUTH, OutcomeClass.CONFIG,
                     OutcomeClass.QUOTA})  # fmt: skip
#: We gave up before GREEN-API could fail.
_OURS = frozenset({"cancelled", "breaker_open", "no_free_connection"})


def call_failed(outcome: OutcomeClass, reason: str) -> bool:
    """Whether a call counts as GREEN-API's failure."""
    return outcome in _FAILED and reason not in _OURS


def call_label(status: int | None, reason: str) -> str:
    """How a call that did not simply succeed is told apart: `503 http_503`, `- connect_failed`."""
    return f"{status or '-'} {reason}"


def counts_as_message(label: str) -> bool:
    """Whether an end of a message says anything about the service."""
    return label.partition(" ")[2] not in NO_ACCOUNT


def message_failed(label: str) -> bool:
    """Whether a message came to a bad end, or into doubt that lasted."""
    return not label.startswith("accepted")

"""The texts with which GREEN-API refuses, and what each means.

GREEN-API docs, sections on errors of each method; several unrelated situations share one status code, so only the
text can tell them apart. Matching ignores case. The first row that fits wins.
"""

from dataclasses import dataclass

from greenbot.api.facts import OutcomeClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One known text: what it means and, where it is known, how long to wait."""

    statuses: tuple[int, ...]
    text: str
    cls: OutcomeClass
    reason: str
    say: str
    wait_seconds: float | None = None


REFUSALS = (
    Refusal(
        statuses=(400,),
        text="instance in starting process",
        cls=OutcomeClass.NOT_SENT,
        reason="instance_starting",
        say="the instance is starting",
        wait_seconds=10.0,
    ),
    Refusal(
        statuses=(400,),
        text="instance is starting or not authorized",
        cls=OutcomeClass.NOT_SENT,
        reason="instance_not_authorized",
        say="the instance is starting or its phone is not linked",
    ),
    Refusal(
        statuses=(400,),
        text="not authorized",
        cls=OutcomeClass.NOT_SENT,
        reason="instance_not_authorized",
        say="the phone of this instance is not linked",
    ),
    Refusal(
        statuses=(400,),
        text="account is expired",
        cls=OutcomeClass.CONFIG,
        reason="instance_expired",
        say="the instance is expired and must be renewed in the console",
    ),
    Refusal(
        statuses=(400,),
        text="instance is deleted",
        cls=OutcomeClass.CONFIG,
        reason="instance_deleted",
        say="the instance is deleted",
    ),
    Refusal(
        statuses=(400,),
        text="custom webhook url is set",
        cls=OutcomeClass.PERMANENT,
        reason="webhook_url_set",
        say="polling is off while a webhook URL is set",
    ),
    Refusal(
        statuses=(400,),
        text="parameter idinstance",
        cls=OutcomeClass.CONFIG,
        reason="bad_address",
        say="the id of the instance is not a number GREEN-API accepts",
    ),
    Refusal(
        statuses=(400,),
        text="parameter apitokeninstance",
        cls=OutcomeClass.CONFIG,
        reason="bad_address",
        say="the address of the call has no token",
    ),
    Refusal(
        statuses=(400,),
        text="check phone number timeout limit",
        cls=OutcomeClass.NOT_SENT,
        reason="whatsapp_slow",
        say="WhatsApp took too long to answer GREEN-API",
    ),
    Refusal(
        statuses=(403,),
        text="account is suspended",
        cls=OutcomeClass.AUTH,
        reason="account_suspended",
        say="the account is suspended",
    ),
    Refusal(
        statuses=(500,),
        text="request entity too large",
        cls=OutcomeClass.PERMANENT,
        reason="request_too_large",
        say="the request is larger than the 100 kB GREEN-API accepts",
    ),
    Refusal(
        statuses=(500,),
        text="exceeded max upload size",
        cls=OutcomeClass.PERMANENT,
        reason="file_too_large",
        say="the file behind the link is larger than 100 MB",
    ),
)

#: deleteNotification of something that is gone answers 500 with this text: what was asked for is already so.
ALREADY_DELETED = "findunackedmessage"


def known_refusal(status: int, text: str) -> Refusal | None:
    """The row for this status and text, if it is a known one."""
    lowered = text.lower()
    return next((row for row in REFUSALS if status in row.statuses and row.text in lowered), None)

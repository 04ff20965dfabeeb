"""Everything that can go wrong in a way greenbot knows, as one tree.

* GreenbotError                 1   a known failure without a better class
  x UsageError                  2   the input is wrong; nothing happened
    - BadChatId, BadDraft, BadFile, BadConfigValue
  x NotFound                    3   no such instance, message, topic ...
    - UnknownInstance, UnknownMessage, UnknownEvent, UnknownTopic, UnknownMethod
  x NotReady                    4   credentials refused or instance not ready
    - CredentialsRefused, InstanceNotReady, TokenMissing
  x Limited                     5   a rate limit or a quota
    - RateLimited, QuotaExceeded
  x NotSent                     6   upstream or network, known not sent: safe to run again
    - Unreachable, Rejected, Misdirected, UpstreamFailed
  x OutcomeUnknown              7   may have been sent: do not just run again
  x StillPending                8   accepted, not yet where the caller wanted it
  x PartlyDone                  9   some of many
  x Refused                    10   policy says no
    - ReadOnly, KeyReused
  x CheckFailed                11   a check came out negative
  x Busy                       12   store or lock busy
  x Unusable                   13   configuration or store unusable
    - ConfigError
      + UnsafePermissions
    - StoreError
      + StoreTooNew, StoreFull
  x Stopped                   130   interrupted by the person

The docstring of a class is its default message, `hint` says what to type next, and `exit_code`
is the status the command line leaves with, so an error can be raised bare.
"""

import re
from enum import IntEnum


class ExitCode(IntEnum):
    """What a shell script learns from greenbot; `greenbot help exit-codes` explains each."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_READY = 4
    LIMITED = 5
    NOT_SENT = 6
    OUTCOME_UNKNOWN = 7
    PENDING = 8
    PARTLY_DONE = 9
    REFUSED = 10
    CHECK_FAILED = 11
    BUSY = 12
    UNUSABLE = 13
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class GreenbotError(Exception):
    """greenbot could not do this."""

    exit_code = ExitCode.UNEXPECTED
    hint: str | None = None
    #: Trying the same again later can help.
    retryable = False
    #: The guest may have received the message although this error was raised.
    maybe_sent = False

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        instance: str | None = None,
        message_id: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message or type(self).summary())
        if hint is not None:
            self.hint = hint
        elif self.hint is not None and message_id is not None:
            self.hint = self.hint.replace("show ID", f"show {message_id}")
        self.instance = instance
        self.message_id = message_id
        self.retry_after_seconds = retry_after_seconds

    @classmethod
    def summary(cls) -> str:
        """The first paragraph of the docstring on one line: the message of an error raised bare."""
        return " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())

    @classmethod
    def code(cls) -> str:
        """The stable name of this kind of failure in JSON, such as `outcome_unknown`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def __str__(self) -> str:
        return str(self.args[0])


class UsageError(GreenbotError):
    """The command or its input is wrong."""

    exit_code = ExitCode.USAGE
    hint: str | None = "Add --help to see how the command is used."


class BadChatId(UsageError):
    """This is neither a phone number nor a chat id."""

    hint = "Give a number with its country code, such as +380 44 123 4567, or an id ending in @c.us, @g.us or @lid."


class BadDraft(UsageError):
    """This message cannot be sent as it is."""

    hint: str | None = None


class BadFile(UsageError):
    """This file cannot be sent."""

    hint: str | None = None


class BadConfigValue(UsageError):
    """This setting cannot have that value."""

    hint = "See what each setting may be with: greenbot config list"


class NotFound(GreenbotError):
    """There is nothing by that name."""

    exit_code = ExitCode.NOT_FOUND


class UnknownInstance(NotFound):
    """No instance has that name."""

    hint = "See the names with: greenbot instances list"


class UnknownMessage(NotFound):
    """No message has that id."""

    hint = "See the messages with: greenbot outbox list"


class UnknownEvent(NotFound):
    """No event has that id."""

    hint = "See the events with: greenbot events list"


class UnknownTopic(NotFound):
    """There is no help topic of that name."""

    hint = "See the topics with: greenbot help"


class UnknownMethod(NotFound):
    """GREEN-API has no method of that name."""

    hint = "See the methods with: greenbot api --list"


class NotReady(GreenbotError):
    """The instance cannot be used now."""

    exit_code = ExitCode.NOT_READY


class CredentialsRefused(NotReady):
    """GREEN-API refused the token of this instance."""

    hint = "Compare id and token with the console, then store it again: greenbot instances edit NAME --token-stdin"


class InstanceNotReady(NotReady):
    """The number is not linked or not running; nothing was sent."""

    hint = "See its state with: greenbot instances state NAME"
    retryable = True


class TokenMissing(NotReady):
    """No token is known for this instance."""

    hint = "Store it with: greenbot instances edit NAME --token-stdin"


class Limited(GreenbotError):
    """A limit is reached."""

    exit_code = ExitCode.LIMITED
    retryable = True


class RateLimited(Limited):
    """GREEN-API asks for fewer calls; nothing was sent."""

    hint = "Wait a moment and run it again."


class QuotaExceeded(Limited):
    """The monthly quota of this instance is used up; nothing was sent."""

    hint = "Quotas return on the first of the month; a Business tariff lifts them."
    retryable = False


class NotSent(GreenbotError):
    """The message was not sent; running the command again is safe."""

    exit_code = ExitCode.NOT_SENT
    retryable = True


class Unreachable(NotSent):
    """GREEN-API could not be reached; nothing was sent."""

    hint = "Check the network and the address (greenbot instances show NAME); for a simulator: greenbot sim serve"


class Rejected(NotSent):
    """GREEN-API did not accept the request; nothing was sent."""

    retryable = False


class Misdirected(NotSent):
    """Nothing answers like GREEN-API at this address; nothing was sent."""

    hint = "Compare the id, api_url and media_url of the instance with the console."
    retryable = False


class UpstreamFailed(NotSent):
    """GREEN-API has a problem of its own; nothing was sent."""

    hint = "Run it again in a minute."


class OutcomeUnknown(GreenbotError):
    """The message may or may not have been sent."""

    exit_code = ExitCode.OUTCOME_UNKNOWN
    hint = "Do not just run it again: the guest could get it twice. Look first with: greenbot outbox show ID"
    maybe_sent = True


class StillPending(GreenbotError):
    """The message is accepted and waits."""

    exit_code = ExitCode.PENDING
    hint = "Follow it with: greenbot outbox show ID"
    retryable = True


class PartlyDone(GreenbotError):
    """Some were done, some were not."""

    exit_code = ExitCode.PARTLY_DONE


class Refused(GreenbotError):
    """This is not allowed."""

    exit_code = ExitCode.REFUSED


class ReadOnly(Refused):
    """greenbot runs read-only, so nothing was changed or sent."""

    hint = "Leave out --read-only and unset GREENBOT_READ_ONLY."


class KeyReused(Refused):
    """This key already stands for another message."""

    hint = "Use a new --key for a new message."


class CheckFailed(GreenbotError):
    """A check came out negative."""

    exit_code = ExitCode.CHECK_FAILED


class Busy(GreenbotError):
    """Another greenbot process holds the store."""

    exit_code = ExitCode.BUSY
    hint = "Run it again; if it stays busy, see who holds it with: fuser -v on the store file."
    retryable = True


class Unusable(GreenbotError):
    """greenbot cannot work with its files."""

    exit_code = ExitCode.UNUSABLE


class ConfigError(Unusable):
    """The configuration cannot be used."""

    hint = "Check it with: greenbot config validate"


class UnsafePermissions(ConfigError):
    """Others can read or change a file that holds secrets."""


class StoreError(Unusable):
    """The store cannot be used."""

    hint = "Nothing was lost by this. Check disk and permissions of the folder, then run it again."


class StoreTooNew(StoreError):
    """The store was written by a newer greenbot."""

    hint = "Use the newer greenbot, or restore a backup made with this one."


class StoreFull(StoreError):
    """The disk is full: the message was not accepted."""

    hint = "Free some space and run it again."


class Stopped(GreenbotError):
    """Stopped by you; nothing was sent."""

    exit_code = ExitCode.INTERRUPTED

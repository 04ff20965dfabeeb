"""The line of one finished call of the API."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from greenbot.logs.line import Field, Level
from greenbot.logs.notes import detail_of, note

if TYPE_CHECKING:
    from greenbot.logs.debug import Call

#: How grave what a call led to is; what is not here is an error.
_LEVELS: Mapping[str, Level] = {
    "ok": "info",
    "accepted": "info",
    "limited": "warning",
    "not_sent": "warning",
    "permanent": "warning",
}
#: An answer of so few bytes to a poll says that there is nothing.
_NOTHING_BYTES = 4
#: Whoever has what these answer can link a phone to the number. It is in no log, whatever is switched on.
_LINKING = ("qr", "getAuthorizationCode")
_WITHHELD = "(links a phone, so it is not written)"


class LoggedOutcome(Protocol):
    """What a call led to."""

    @property
    def cls(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    @property
    def elapsed_ms(self) -> int: ...
    @property
    def remote_id(self) -> str | None: ...
    @property
    def detail(self) -> str: ...


def note_call(call: "Call", outcome: LoggedOutcome, params: Mapping[str, object], answer: bytes) -> None:
    """Write what the call was and led to; what was said only where the settings want that."""
    detail = detail_of(call.instance)
    if detail is None:
        return
    succeeded = outcome.cls in ("ok", "accepted")
    fields: dict[str, Field] = {
        "instance": call.instance,
        "method": call.method,
        "remote_id": outcome.remote_id,
        "chat": _chat(params),
        "outcome": str(outcome.cls),
        "status": outcome.status,
        "ms": outcome.elapsed_ms,
    }
    if not succeeded:
        fields |= {"reason": outcome.reason, "words": outcome.detail}
    if detail.detailed:
        fields |= {"host": call.host, "request_bytes": call.request_bytes, "reply_bytes": call.reply_bytes}
    if detail.request_body and params:
        fields["request"] = json.dumps(params, ensure_ascii=False, default=str)
    if detail.response_body and answer:
        linking = call.method in _LINKING and succeeded
        fields["response"] = _WITHHELD if linking else answer.decode("utf-8", "replace")
    is_idle = call.method == "receiveNotification" and succeeded and call.reply_bytes <= _NOTHING_BYTES
    note("debug" if is_idle else _LEVELS.get(outcome.cls, "error"), "call", **fields)


def _chat(params: Mapping[str, object]) -> str | None:
    chat = params.get("chatId")
    return chat if isinstance(chat, str) else None

"""Reading the body of a 200, which with GREEN-API is not yet a success.

Partner methods answer 200 with an error code; flags come back false; a proxy or a captive portal answers 200 with a
page; an instance being created answers `null`; a documented key is printed with a Cyrillic letter.
"""

from dataclasses import dataclass, field

from greenbot.api.endpoint import Endpoint
from greenbot.api.facts import OutcomeClass
from greenbot.api.strict_json import BadJson, loads
from greenbot.redact import mask_phone, redact
from greenbot.safe_text import safe_text

#: GREEN-API docs print the key of getMessagesCount with a Cyrillic es; real answers have `count`.
_MISSPELLED = {"\u0441ount": "count"}
_SNIPPET = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a 200 really says. `cls` None: not an answer of GREEN-API, so nothing is known."""

    cls: OutcomeClass | None
    reason: str = "ok"
    detail: str = ""
    remote_id: str | None = None
    data: object | None = field(default=None, repr=False)
    retry_after_seconds: float | None = None


def snippet(text: str) -> str:
    """At most 200 characters of a stranger's text: no secret, no phone number, nothing that steers a terminal."""
    return safe_text(mask_phone(redact(text.strip())), limit=_SNIPPET)


def read_answer(endpoint: Endpoint, status: int, content_type: str, body: bytes) -> Answered:
    """The meaning of a 2xx answer of `endpoint`."""
    if endpoint.answer == "poll" and (status in (204, 408) or body.strip() in (b"", b"null", b"[]")):
        return Answered(cls=OutcomeClass.OK, reason="nothing_waits")
    if endpoint.answer == "download" and not _looks_like_text(content_type):
        return Answered(cls=OutcomeClass.OK, reason="raw_bytes", data=body)
    if endpoint.answer == "empty":
        return _of_empty(endpoint, status, body)
    if status != 200:
        return Answered(cls=None, reason=f"http_{status}", detail="GREEN-API answers 200 only")
    if not body.strip():
        return Answered(cls=None, reason="empty_reply", detail="the answer is empty")
    try:
        data = loads(body)
    except BadJson as error:
        return _not_json(body, str(error))
    return _of_json(endpoint, _respelled(data))


def read_problem(body: bytes) -> str:
    """The words in the body of an error: plain text, `message`, `description` or `reason`; "" if there are none.

    Never the whole JSON: its `path` repeats the token.
    """
    text = body[:4096].decode("utf-8", "replace").strip()
    try:
        data = loads(body)
    except BadJson:
        return "the answer is an HTML page" if text.startswith("<") else text
    if isinstance(data, dict):
        words = (data.get(key) for key in ("message", "description", "reason", "error"))
        return next((word for word in words if isinstance(word, str) and word), "")
    return data if isinstance(data, str) else ""


def _looks_like_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in ("", "application/json", "text/html", "text/plain")


def _of_empty(endpoint: Endpoint, status: int, body: bytes) -> Answered:
    good = OutcomeClass.ACCEPTED if endpoint.sends else OutcomeClass.OK
    if body.lstrip()[:1] == b"<":
        return Answered(cls=None, reason="html_reply", detail="the answer is an HTML page")
    if status != 200 and endpoint.sends:
        return Answered(cls=None, reason=f"http_{status}", detail="GREEN-API answers 200 only")
    try:
        return Answered(cls=good, data=_respelled(loads(body)) if body.strip() else None)
    except BadJson:
        return Answered(cls=good, data=body.decode("utf-8", "replace"))


def _not_json(body: bytes, problem: str) -> Answered:
    if body.lstrip()[:1] == b"<":
        return Answered(cls=None, reason="html_reply", detail="the answer is an HTML page")
    return Answered(cls=None, reason="not_json", detail=f"{problem}: {snippet(body[:400].decode('utf-8', 'replace'))}")


def _respelled(data: object) -> object:
    if isinstance(data, dict):
        return {_MISSPELLED.get(key, key): value for key, value in data.items()}
    return data


def _of_json(endpoint: Endpoint, data: object) -> Answered:
    if endpoint.answer == "state" and data is None:
        return Answered(cls=OutcomeClass.OK, reason="instance_being_created")
    if endpoint.answer == "json" or (endpoint.answer == "list" and isinstance(data, list)):
        return Answered(cls=OutcomeClass.OK, data=data)
    if not isinstance(data, dict):
        return Answered(cls=None, reason="unexpected_reply", detail="the answer has another shape than documented")
    if endpoint.host == "partner" and "code" in data:
        return _of_partner_error(data)
    return _of_object(endpoint, data)


def _of_partner_error(data: dict[str, object]) -> Answered:
    detail = snippet(str(data.get("description", "")))
    if str(data["code"]) in ("401", "403"):
        return Answered(cls=OutcomeClass.AUTH, reason="token_refused", detail=detail)
    reason = "not_found" if str(data["code"]) == "404" else "refused"
    return Answered(cls=OutcomeClass.PERMANENT, reason=reason, detail=detail)


def _of_object(endpoint: Endpoint, data: dict[str, object]) -> Answered:
    if endpoint.answer == "id":
        return _of_id(endpoint, data, data.get("idMessage"))
    if endpoint.answer == "ids":
        ids = data.get("messages")
        whole = isinstance(ids, list) and bool(ids) and all(isinstance(one, str) and one for one in ids)
        return _of_id(endpoint, data, ids[0] if isinstance(ids, list) and whole else None)
    if endpoint.answer == "flag":
        return _of_flag(endpoint, data)
    if endpoint.answer == "list" or (endpoint.answer == "url" and not _is_text(data.get("urlFile"))):
        return Answered(cls=None, reason="unexpected_reply", detail="the answer has another shape than documented")
    if endpoint.name == "getAvatar" and not data.get("urlAvatar") and _is_text(data.get("reason")):
        return _of_reason(data)
    return Answered(cls=OutcomeClass.OK, data=data)


def _of_id(endpoint: Endpoint, data: dict[str, object], remote_id: object) -> Answered:
    if not _is_text(remote_id):
        return Answered(cls=None, reason="no_id_message", detail="the answer names no message")
    good = OutcomeClass.ACCEPTED if endpoint.sends else OutcomeClass.OK
    return Answered(cls=good, remote_id=str(remote_id), data=data)


def _of_flag(endpoint: Endpoint, data: dict[str, object]) -> Answered:
    flag = data.get(endpoint.flag or "")
    if flag is True:
        return Answered(cls=OutcomeClass.OK, data=data)
    if flag is not False:
        return Answered(cls=None, reason="unexpected_reply", detail="the answer has another shape than documented")
    left = data.get("leftTime")
    if isinstance(left, (int, float)) and not isinstance(left, bool):
        wait = min(max(1.0, float(left)), 3600.0)
        return Answered(cls=OutcomeClass.LIMITED, reason="rate_limited", retry_after_seconds=wait, data=data)
    return _of_reason(data)


def _of_reason(data: dict[str, object]) -> Answered:
    words = data.get("reason") or data.get("message") or ""
    detail = snippet(words) if isinstance(words, str) else ""
    slow = "timeout limit exceeded" in detail.lower()
    cls = OutcomeClass.NOT_SENT if slow else OutcomeClass.PERMANENT
    return Answered(cls=cls, reason="whatsapp_slow" if slow else "refused", detail=detail, data=data)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)

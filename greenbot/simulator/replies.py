"""Error answers in the body shapes that GREEN-API has been seen to use.

There is no single shape: validation errors are JSON that echoes the request path (with its token),
state errors are bare text, a wrong token is answered with nothing at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Shape = Literal["echo", "text", "message", "code", "html", "object", "empty"]

STARTING = "instance in starting process try later"
NOT_AUTHORIZED = "instance account not authorized"
STARTING_OR_NOT_AUTHORIZED = "instance is starting or not authorized"
EXPIRED = "Instance account is expired. Renew your instance from personal area"
DELETED = "Instance is deleted"
CUSTOM_WEBHOOK = "Message cannot be received because custom webhook url is set. Go to cabinet, clear webhook url"
BAD_CHAT_ID = "'chatId' must be one of the next formats: 'phone_number@c.us', 'chat_id@lid' or 'group_id@g.us'"
BAD_REQUEST = "bad request data"
JSON_TYPE = "application/json; charset=utf-8"


class ApiRefusal(Exception):
    """The service answers with an error; `shape` decides how the text is wrapped."""

    def __init__(self, status: int, text: str = "", *, shape: Shape = "text") -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text
        self.shape = shape
        self.data: object = None


def validation(detail: str) -> ApiRefusal:
    """A parameter is wrong: `Validation failed. Details: …` with the echoed path."""
    return ApiRefusal(400, f"Validation failed. Details: {detail}", shape="echo")


def quota_refusal(data: dict[str, object]) -> ApiRefusal:
    """The monthly quota is used up: HTTP 466 with the two status objects."""
    refusal = ApiRefusal(466, shape="object")
    refusal.data = data
    return refusal


@dataclass(frozen=True, slots=True)
class Rendered:
    """Bytes and content type of an answer."""

    body: bytes
    content_type: str


def render(refusal: ApiRefusal, *, path: str, now: float) -> Rendered:
    """The body of a refusal; `path` is the request path, which the `echo` shape repeats."""
    match refusal.shape:
        case "echo":
            return _json(
                {
                    "statusCode": refusal.status,
                    "timestamp": _iso(now),
                    "path": path,
                    "message": refusal.text,
                }
            )
        case "message":
            return _json({"message": refusal.text})
        case "code":
            return _json({"code": "INVALID_PARAM", "message": refusal.text, "status": "error"})
        case "object":
            return _json(refusal.data)
        case "html":
            page = f"<html><head><title>{refusal.text}</title></head><body><h1>{refusal.text}</h1></body></html>"
            return Rendered(page.encode(), "text/html")
        case "empty":
            return Rendered(b"", "application/json")
        case "text":
            return Rendered(refusal.text.encode(), "text/plain; charset=utf-8")


def _json(value: object) -> Rendered:
    return Rendered(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), JSON_TYPE)


def _iso(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

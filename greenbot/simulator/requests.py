"""Reading a request: its path, its JSON body, its form or its raw bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from aiohttp import BodyPartReader, MultipartReader, web

from greenbot.simulator.methods.registry import FilePart, Method
from greenbot.simulator.replies import ApiRefusal

JSON_LIMIT_BYTES = 100_000
FILE_LIMIT_BYTES = 100 * 1024 * 1024
_TOO_LARGE = "request entity too large"


@dataclass(frozen=True, slots=True)
class Route:
    """The parts of `/waInstance{id}/{method}/{token}[/{receipt}]`, unchecked."""

    id_instance: str
    method: str
    token: str
    receipt: str


@dataclass(slots=True, kw_only=True)
class Parsed:
    """What the request carried; `problem` is the refusal to give once the earlier checks are passed."""

    params: dict[str, object] = field(default_factory=dict)
    files: dict[str, FilePart] = field(default_factory=dict)
    problem: ApiRefusal | None = None

    @property
    def chat_id(self) -> str:
        """The chat or group the request is about, "" without one."""
        value = self.params.get("chatId") or self.params.get("groupId")
        return value if isinstance(value, str) else ""


def route_of(path: str) -> Route | None:
    """Take an instance path apart; None when it is not one."""
    parts = path.strip("/").split("/")
    if not parts[0].startswith("waInstance"):
        return None
    padded = [*parts, "", "", ""]
    return Route(parts[0].removeprefix("waInstance"), padded[1], padded[2], padded[3])


async def parse(request: web.Request, method: Method) -> Parsed:
    """Read the body in the form the method takes; what is wrong with it is noted, not raised."""
    if method.verb != "POST" or not request.can_read_body:
        return Parsed()
    try:
        if method.body == "raw":
            return Parsed(files={"file": await _raw_file(request)})
        if method.body == "form" and request.content_type.startswith("multipart/"):
            return await _parse_form(request)
        if method.body == "form" and request.content_type == "application/x-www-form-urlencoded":
            return Parsed(params=dict(parse_qsl((await request.read()).decode("utf-8", "replace"))))
        return Parsed(params=await _parse_json(request))
    except ApiRefusal as refusal:
        return Parsed(problem=refusal)


async def _parse_json(request: web.Request) -> dict[str, object]:
    if (request.content_length or 0) > JSON_LIMIT_BYTES:
        raise ApiRefusal(500, _TOO_LARGE, shape="message")
    raw = await request.read()
    if len(raw) > JSON_LIMIT_BYTES:
        raise ApiRefusal(500, _TOO_LARGE, shape="message")
    return parse_object(raw)


def parse_object(raw: bytes) -> dict[str, object]:
    """A JSON object; empty bytes are an empty one.

    Raises:
        ApiRefusal: not UTF-8, not JSON, or not an object (HTTP 400 with the documented texts).
    """
    if not raw:
        return {}
    try:
        text = raw.decode()
        value: object = json.loads(text)
    except json.JSONDecodeError as reason:
        raise ApiRefusal(400, _complaint(reason), shape="echo") from None
    except (ValueError, RecursionError):
        raise ApiRefusal(400, "bad request data") from None
    if not isinstance(value, dict):
        raise ApiRefusal(400, "Bad Request Validation failed")
    return value


def _complaint(reason: json.JSONDecodeError) -> str:
    position = reason.pos
    if position >= len(reason.doc):
        return "Unexpected end of JSON input"
    return f"Unexpected token {reason.doc[position]} in JSON at position {position}"


async def _parse_form(request: web.Request) -> Parsed:
    """GREEN-API answers a malformed form with HTTP 500."""
    parsed = Parsed()
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name:
                await _read_part(part, parsed)
    except ValueError:
        raise ApiRefusal(500, "Unexpected end of form", shape="message") from None
    return parsed


async def _read_part(part: BodyPartReader | MultipartReader, parsed: Parsed) -> None:
    if not isinstance(part, BodyPartReader) or part.name is None:
        return
    content = bytearray()
    while chunk := await part.read_chunk(1 << 16):
        content += chunk
        if len(content) > FILE_LIMIT_BYTES:
            raise ApiRefusal(500, _TOO_LARGE, shape="message")
    if part.filename is None and part.name != "file":
        parsed.params[part.name] = content.decode("utf-8", "replace")
        return
    mime_type = part.headers.get("Content-Type", "application/octet-stream")
    name = part.filename or "file"
    parsed.files[part.name] = FilePart(file_name=name, mime_type=mime_type, content=bytes(content))


async def _raw_file(request: web.Request) -> FilePart:
    if (request.content_length or 0) > FILE_LIMIT_BYTES:
        raise ApiRefusal(500, _TOO_LARGE, shape="message")
    content = bytearray()
    async for chunk in request.content.iter_chunked(1 << 16):
        content += chunk
        if len(content) > FILE_LIMIT_BYTES:
            raise ApiRefusal(500, _TOO_LARGE, shape="message")
    name = unquote(request.headers.get("GA-Filename", ""))
    return FilePart(file_name=name, mime_type=request.content_type, content=bytes(content))

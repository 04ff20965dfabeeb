"""Requests that depend on what their sender saw before: ETag, If-None-Match, If-Match (RFC 9110, 13.1)."""

import re
from hashlib import blake2b

from greenbot.server.exchange import Reply, Request

_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e]*"')


def tag_of(body: bytes) -> str:
    """An entity tag for a document."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def fresh(request: Request, reply: Reply) -> Reply:
    """304 without a body where the asker has this very document already. Weak comparison, as for every reading."""
    tag = reply.headers.get("ETag")
    given = request.head.headers.get(b"if-none-match")
    if tag is None or given is None:
        return reply
    known = {found.removeprefix(b"W/") for found in _TAG.findall(given)}
    if given.strip() == b"*" or tag.removeprefix("W/").encode() in known:
        return Reply(status=304, headers=reply.headers)
    return reply


def is_met(request: Request, tag: str) -> bool:
    """Whether a change may go on: its If-Match names this tag, or says `*`, or there is none. Strong comparison."""
    given = request.head.headers.get(b"if-match")
    if given is None or given.strip() == b"*":
        return True
    return tag.encode() in [found for found in _TAG.findall(given) if not found.startswith(b"W/")]

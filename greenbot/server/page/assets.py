"""The files of the page, read once; by the digest of each a browser learns whether it changed."""

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files

from greenbot.server.exchange import Reply, Request

_FOLDER = "assets"
_TYPES: Mapping[str, str] = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
#: What the page is made of, next to its HTML. uplot.js and uplot.css are uPlot, as published (see uplot.LICENSE).
ASSETS = (
    "page.css", "uplot.css", "uplot.js", "page.js", "alerts.js", "charts.js", "dom.js", "feed.js", "fleet.js",
    "figures.js", "format.js", "sign_in.js", "theme.js", "icon.svg",
)  # fmt: skip

#: The page may load its own files, ask its own server, and nothing else.
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def body_of(name: str) -> bytes:
    """The bytes of one file of the page."""
    return (files("greenbot.server.page") / _FOLDER / name).read_bytes()


def html(name: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """One of the HTML files as an answer."""
    return Reply(
        status=status, body=body_of(name), content_type=_TYPES["html"], headers={**PAGE_HEADERS, **(headers or {})}
    )


class Asset:
    """One file, answered with 304 when the browser has this very version."""

    def __init__(self, name: str) -> None:
        body = body_of(name)
        etag = f'"{sha256(body).hexdigest()[:32]}"'
        headers = {"Cache-Control": "no-cache", "ETag": etag}
        self._etag = etag.encode()
        self._whole = Reply(body=body, content_type=_TYPES[name.rpartition(".")[2]], headers=headers)
        self._unchanged = Reply(status=304, headers=headers)

    def __call__(self, request: Request) -> Reply:
        known = request.head.headers.get(b"if-none-match", b"").split(b",")
        return self._unchanged if self._etag in (each.strip() for each in known) else self._whole

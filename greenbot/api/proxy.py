"""Which proxy a call goes through, as the environment says."""

from collections.abc import Mapping
from urllib.parse import urlsplit


class ProxyError(OSError):
    """The proxy does not let us through."""


def proxy_for(url_scheme: str, host: str, environ: Mapping[str, str]) -> str | None:
    """The proxy's URL, or None. Only https goes through one: plain http would show it the token in the path.

    Raises ProxyError when what the environment names cannot be the address of an HTTP proxy.
    """
    if url_scheme != "https":
        return None
    proxy = environ.get("https_proxy") or environ.get("HTTPS_PROXY")
    if not proxy or _is_exempt(host, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not _is_usable(proxy):
        # Without the address itself: it may hold a password.
        raise ProxyError("HTTPS_PROXY does not hold the address of an HTTP proxy")
    return proxy


def _is_usable(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_exempt(host: str, no_proxy: str) -> bool:
    for entry in no_proxy.split(","):
        name = entry.strip().lstrip(".").lower()
        if name == "*" or (name and (host == name or host.endswith("." + name))):
            return True
    return False

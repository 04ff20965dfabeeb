"""Which proxy a call goes through, as the environment says."""

from collections.abc import Mapping


def proxy_for(url_scheme: str, host: str, environ: Mapping[str, str]) -> str | None:
    """The proxy's URL, or None. Only https goes through one: plain http would show it the token in the path."""
    if url_scheme != "https":
        return None
    proxy = environ.get("https_proxy") or environ.get("HTTPS_PROXY")
    if not proxy or _is_exempt(host, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_exempt(host: str, no_proxy: str) -> bool:
    for entry in no_proxy.split(","):
        name = entry.strip().lstrip(".").lower()
        if name == "*" or (name and (host == name or host.endswith("." + name))):
            return True
    return False

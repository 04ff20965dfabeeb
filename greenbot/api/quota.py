"""The body of a 466: which monthly quota is used up.

GREEN-API docs: two objects, `invokeStatus` and `correspondentsStatus`, each with used, total and status; the HTTP
body spells QUOTE_EXCEEDED, the webhook QUOTA_EXCEEDED. The description lists phone numbers and is never repeated.
"""

import re

from greenbot.api.strict_json import BadJson, loads

_EXCEEDED = re.compile(r"QUOT[AE]_EXCEEDED", re.IGNORECASE)


def read_quota(body: bytes) -> tuple[str, str]:
    """The reason (`quota_method`, `quota_correspondents`, or `quota`) and a sentence with the numbers."""
    try:
        data = loads(body)
    except BadJson:
        return "quota", "the quota of this month is used up"
    if not isinstance(data, dict):
        return "quota", "the quota of this month is used up"
    if _is_exceeded(data.get("correspondentsStatus")):
        return "quota_correspondents", f"the chats of this month are used up{_numbers(data['correspondentsStatus'])}"
    if _is_exceeded(data.get("invokeStatus")):
        return "quota_method", f"the calls of this method are used up for this month{_numbers(data['invokeStatus'])}"
    return "quota", "the quota of this month is used up"


def _is_exceeded(part: object) -> bool:
    return isinstance(part, dict) and bool(_EXCEEDED.search(str(part.get("status", ""))))


def _numbers(part: dict[str, object]) -> str:
    # The documents call these strings and show integers.
    used, total = str(part.get("used", "")), str(part.get("total", ""))
    return f" ({used} of {total})" if used.isdigit() and total.isdigit() and len(used + total) < 20 else ""

"""Which of the messages that GREEN-API shows is the one whose fate we do not know: pure.

A sighting proves a message in doubt only if nothing else can have caused it: the same chat, the same
content, sent by the API, not before our first attempt, with an id that no message of ours has. What
could be the message, yet is no proof, is a suspicion: it is not claimed, and as long as it is there
nobody says that the message was not found.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from greenbot.outbox.appearance import Appearance, Sighting, alike

#: How far the clocks may differ by themselves, and what a timestamp in whole seconds leaves out.
SLACK_MS = 5_000
#: What left so long before our first try, by GREEN-API's clock, is another message however wrong our clock is.
MOST_LEAD_MS = 600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A message that may or may not have been sent. `appearance` is None where nothing could show it."""

    message_id: int
    chat_id: str
    first_post_at_ms: int
    appearance: Appearance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What one look brought, by message id. `elsewhere`: the same, in a chat whose id we cannot tell from ours."""

    proofs: Mapping[int, Sighting] = field(default_factory=dict)
    elsewhere: Mapping[int, Sighting] = field(default_factory=dict)
    suspicions: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """How far our clock runs ahead of GREEN-API's: something between these two."""

    least_ms: int = 0
    most_ms: int = 0


IsKnown = Callable[[str], bool]


def find(
    doubts: Iterable[Doubt],
    sightings: Sequence[Sighting],
    *,
    is_known: IsKnown,
    aliases: Mapping[str, str] | None = None,
    lead: Lead = Lead(),
) -> Findings:
    """Who is who. `is_known` tells whether an id belongs to a message of ours already.

    `aliases` says which chat is meant by another id of it. The oldest message chooses first, and no
    sighting proves two.
    """
    proofs: dict[int, Sighting] = {}
    elsewhere: dict[int, Sighting] = {}
    suspicions: dict[int, str] = {}
    used: set[str] = set()
    for doubt in sorted(doubts, key=lambda one: one.message_id):
        seen = [one for one in sightings if _is_candidate(one, doubt, aliases or {}, lead)]
        unknown = [one for one in seen if one.remote_id not in used and not (one.remote_id and is_known(one.remote_id))]
        for sighting in sorted(unknown, key=_by_strength):
            verdict = _verdict(sighting, doubt, aliases or {}, lead)
            if verdict == "proof":
                proofs[doubt.message_id] = sighting
                used.add(sighting.remote_id)
                break
            if verdict == "elsewhere":
                elsewhere.setdefault(doubt.message_id, sighting)
            elif verdict:
                suspicions.setdefault(doubt.message_id, verdict)
    return Findings(
        proofs=proofs,
        elsewhere={number: found for number, found in elsewhere.items() if number not in proofs},
        suspicions={number: words for number, words in suspicions.items() if number not in proofs},
    )


def clock_lead(posted_and_seen_ms: Iterable[tuple[int, int]], *, newest_ms: int | None, now_ms: int) -> Lead:
    """What messages whose fate is known tell about the clocks.

    Each pair is when we began to send one and when GREEN-API says it left: it cannot leave before.
    `newest_ms` is GREEN-API's time of the newest entry: it cannot be later than now.
    """
    least_ms = max([0, *(posted_ms - seen_ms for posted_ms, seen_ms in posted_and_seen_ms)])
    most_ms = MOST_LEAD_MS if newest_ms is None else min(MOST_LEAD_MS, now_ms - newest_ms)
    least_ms = min(least_ms, MOST_LEAD_MS)
    return Lead(least_ms=least_ms, most_ms=max(least_ms, most_ms))


def _by_strength(sighting: Sighting) -> tuple[bool, int]:
    """Marked ones first, then the oldest: the queue, which has no time, last."""
    marked = sighting.appearance is not None and bool(sighting.appearance.mark)
    moment_ms = sighting.timestamp_ms
    return (not marked, 2**62 if moment_ms is None else moment_ms)


def _is_candidate(sighting: Sighting, doubt: Doubt, aliases: Mapping[str, str], lead: Lead) -> bool:
    """Whether this sighting has anything to do with the doubt: its chat, its time, and not a person's own typing."""
    if sighting.send_by_api is False:
        return False
    if _is_before(sighting, doubt, lead.most_ms):
        return False
    return _same_chat(sighting, doubt, aliases) or _maybe_same_chat(sighting, doubt, aliases)


def _is_before(sighting: Sighting, doubt: Doubt, lead_ms: int) -> bool:
    """Whether it left GREEN-API before we first tried, so that it must be another message."""
    moment_ms = sighting.timestamp_ms
    return moment_ms is not None and moment_ms < doubt.first_post_at_ms - SLACK_MS - lead_ms


def _verdict(sighting: Sighting, doubt: Doubt, aliases: Mapping[str, str], lead: Lead) -> str:
    """`proof`, `elsewhere`, the words of a suspicion, or nothing."""
    if sighting.removed and not (sighting.appearance and any(sighting.appearance.parts)):
        return "a message of that time was deleted" if _same_chat(sighting, doubt, aliases) else ""
    if sighting.appearance is None:
        unreadable = sighting.source == "queue" and _same_chat(sighting, doubt, aliases)
        return "GREEN-API's queue holds something unreadable for this chat" if unreadable else ""
    if doubt.appearance is None or not _same_content(sighting, doubt.appearance):
        return ""
    if doubt.appearance.mark != sighting.appearance.mark:
        return "" if sighting.appearance.mark else "the same text was sent without its mark"
    if _is_before(sighting, doubt, lead.least_ms):
        return "the same message was sent a moment before our clock says we tried; is the clock right?"
    if not _same_chat(sighting, doubt, aliases):
        return "elsewhere"
    if not sighting.remote_id or sighting.send_by_api is None:
        return "the same message is shown, but not by whom it was sent"
    return "proof"


def _same_content(sighting: Sighting, wanted: Appearance) -> bool:
    if wanted.family == "forward":
        return sighting.forwarded
    return sighting.appearance is not None and not sighting.forwarded and alike(wanted, sighting.appearance)


def _same_chat(sighting: Sighting, doubt: Doubt, aliases: Mapping[str, str]) -> bool:
    return doubt.chat_id in (sighting.chat_id, aliases.get(sighting.chat_id))


def _maybe_same_chat(sighting: Sighting, doubt: Doubt, aliases: Mapping[str, str]) -> bool:
    """GREEN-API may call a person by number or by a hidden id (lid), and which of both can change at any time."""
    hosts = {chat_id.rpartition("@")[2] for chat_id in (sighting.chat_id, doubt.chat_id)}
    return hosts == {"lid", "c.us"} and sighting.chat_id not in aliases

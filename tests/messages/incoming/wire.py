"""The wire samples as bytes, and what tests ask of parsed events."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

WIRE = Path(__file__).resolve().parents[2] / "data" / "webhooks"
#: What receiveNotification answers when nothing waits is no event.
NO_EVENT = "_envelope.receiveNotification.empty"
SAMPLES: Mapping[str, bytes] = {path.stem: path.read_bytes() for path in sorted(WIRE.glob("*.json"))}
EVENTS = tuple(name for name in SAMPLES if name != NO_EVENT)


def body(name: str) -> dict[str, Any]:
    """A sample as a fresh object, without receiveNotification's envelope."""
    loaded: dict[str, Any] = json.loads(SAMPLES[name])
    return loaded["body"] if "receiptId" in loaded else loaded


def raw(value: object) -> bytes:
    """An object as GREEN-API writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def held(value: object) -> Iterator[object]:
    """Every plain value inside a parsed event, except its copy of the body."""
    if is_dataclass(value):
        for field in fields(value):
            if field.name not in ("raw", "data", "problems"):
                yield from held(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from held(item)
    else:
        yield value


Path_ = tuple[str | int, ...]


def nodes(value: object, path: Path_ = ()) -> Iterator[Path_]:
    """The path of every field and item below an object."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*path, key)
        yield from nodes(item, (*path, key))


def at(value: Any, path: Path_) -> Any:
    """What stands at a path."""
    for key in path:
        value = value[key]
    return value


def dotted(path: Path_) -> str:
    return ".".join(map(str, path))

"""The log on the disk, and whether secrets stay out of it: written and read back, not believed."""

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from greenbot.clock import Clock
from greenbot.doctor.facts import CanaryFact, LogsFact, Missing
from greenbot.logs.line import FREE_TEXTS
from greenbot.logs.rotation import rotated
from greenbot.redact import Secret, encodings
from greenbot.wiring import open_log

if TYPE_CHECKING:
    from greenbot.config.settings import Settings
    from greenbot.logs.line import Field


def place(settings: "Settings", _clock: Clock) -> LogsFact | Missing:
    """The log files. Raises OSError."""
    if settings.log_place.to != "file":
        return Missing(why=f"the log goes to {settings.log_place.to}", is_wanted=False)
    file = settings.paths.log_file
    folder = next(path for path in (file.parent, *file.parents) if path.is_dir())
    older = [path for _, path in rotated(file)]
    size = file.stat().st_size if file.exists() else 0
    room = os.statvfs(folder)
    return LogsFact(
        place=str(file),
        is_writable=os.access(folder, os.W_OK) and (not file.exists() or os.access(file, os.W_OK)),
        current_bytes=size,
        kept_files=len(older),
        total_bytes=size + sum(path.stat().st_size for path in older if path.exists()),
        free_bytes=room.f_bavail * room.f_frsize,
    )


def canaries(settings: "Settings", clock: Clock) -> CanaryFact:
    """Write secrets that are none through the log as it is configured, into a folder of their own, and look for them.

    Raises OSError, ConfigError.
    """
    token, unknown = Secret(os.urandom(25).hex()), os.urandom(25).hex()
    phone = f"38044{int.from_bytes(os.urandom(3), 'big') % 10_000_000:07d}"
    with TemporaryDirectory(prefix="greenbot-") as folder:
        file = Path(folder) / "logs" / "canary.log"
        written = _write(_elsewhere(settings, file), clock, token.reveal(), unknown, phone)
        text = file.read_text(encoding="utf-8") if file.exists() else ""
    leaked = [] if written and text else ["nothing was written, so nothing is proved"]
    if any(form in text for form in encodings(token.reveal())):
        leaked.append("a known secret")
    if unknown in text:
        leaked.append("a token in an address")
    if phone in text and not settings.log_place.phones:
        leaked.append("a guest's number")
    return CanaryFact(written=written, leaked=leaked)


def _elsewhere(settings: "Settings", file: Path) -> "Settings":
    """The same log at another place, and with everything in it that could be."""
    place = replace(settings.log_place, to="file", level="debug")
    return replace(settings, log_place=place, paths=replace(settings.paths, log_file=file))


def _write(settings: "Settings", clock: Clock, token: str, unknown: str, phone: str) -> int:
    from base64 import b64encode

    book = open_log(settings, clock)
    assert book is not None, "it goes to a file"
    texts = [
        f"POST https://api.green-api.com/waInstance1101000001/sendMessage/{unknown}",
        f"the token is {token}",
        b64encode(b"x" + token.encode()).decode(),
        token.encode().hex(),
        f"Authorization: Bearer {token}",
        f"call +{phone} now",
    ]
    try:
        for text in texts:
            fields: dict[str, Field] = dict.fromkeys(FREE_TEXTS, text)
            book.note("error", "canary", {**fields, "chat": f"{phone}@c.us"})
    finally:
        book.close()
    return 0 if book.dropped else len(texts)

"""Looking at files, folders, disks and the certificate: what the system itself says of them."""

import os
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from greenbot.doctor.facts import DiskFact, FileFact, Missing, SecretFact, TlsFact, Trouble
from greenbot.doctor.looks.certificate import expiry_ms
from greenbot.errors import GreenbotError
from greenbot.server.listener import tls_context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenbot.config.secrets import TokenSource
    from greenbot.config.settings import Instance, Settings

MOUNTS = Path("/proc/self/mountinfo")


def trouble_of(error: GreenbotError) -> Trouble:
    """An error as a finding tells it."""
    return Trouble(what=str(error), fix=error.hint or "")


def secrets(settings: "Settings", chosen: "Sequence[Instance]") -> "Sequence[SecretFact]":
    """Every secret of the installation and of the chosen instances that is configured or has a usual place."""
    server = settings.server
    general = {
        "webhook.secret": settings.webhook_secret,
        "webhook.standard_secret": settings.standard_secret,
        "server.viewer_token": server.viewer_token,
        "server.admin_token": server.admin_token,
        "alerts.heartbeat_url": settings.heartbeat_url,
        "api.partner_token": settings.partner_token,
    }
    found = [_secret(key, source) for key, source in general.items()]
    for one in chosen:
        found.append(_secret("token", one.token, instance=one.name))
        found.append(_secret("webhook_token", one.webhook_token, instance=one.name))
    return found


def _secret(key: str, source: "TokenSource", *, instance: str = "") -> SecretFact:
    length, problem = 0, None
    try:
        secret = source.find()
        length = len(secret.reveal()) if secret else 0
    except GreenbotError as error:
        problem = trouble_of(error)
    return SecretFact(
        key=key, label=source.label, place=source.place, length=length, problem=problem, instance=instance
    )


def private_files(settings: "Settings") -> "Sequence[FileFact]":
    """Files and folders that hold tokens, guests' numbers or texts, as far as they exist."""
    return [fact for path in _private_places(settings) if (fact := _file(path)) is not None]


def _private_places(settings: "Settings") -> Iterator[Path]:
    paths = settings.paths
    yield from (paths.secrets_dir, paths.state_dir, paths.run_dir, paths.spool_dir, paths.store_file)
    yield from (paths.store_file.with_name(paths.store_file.name + end) for end in ("-wal", "-shm"))
    yield paths.log_file.parent
    for folder, pattern in ((paths.secrets_dir, "*"), (paths.log_file.parent, "*.log"), (_backups(settings), "*.db")):
        yield from sorted(folder.glob(pattern))
    yield from paths.store_file.parent.glob(f"{paths.store_file.name}.before-restore-*")


def _backups(settings: "Settings") -> Path:
    return settings.paths.state_dir / "backups"


def _file(path: Path) -> FileFact | None:
    try:
        facts = path.lstat()
    except OSError:
        return None
    return FileFact(
        path=path,
        mode=stat.S_IMODE(facts.st_mode),
        is_ours=facts.st_uid in (0, os.geteuid()),
        is_folder=stat.S_ISDIR(facts.st_mode),
    )


def certificate(settings: "Settings") -> TlsFact | Missing:
    """The certificate of the service, tried with its key."""
    cert, key = settings.server.tls_cert, settings.server.tls_key
    if cert is None and key is None:
        return Missing(why="greenbot itself shows no certificate", is_wanted=False)
    if cert is None or key is None:
        problem = Trouble(
            what="Only one of server.tls_cert and server.tls_key is set.",
            fix="greenbot config set server.tls_cert FILE",
        )
        return TlsFact(expires_at_ms=None, problem=problem)
    try:
        tls_context(cert, key)
        return TlsFact(expires_at_ms=expiry_ms(cert.read_text(encoding="ascii", errors="replace")))
    except GreenbotError as error:
        return TlsFact(expires_at_ms=None, problem=trouble_of(error))
    except (OSError, ssl.SSLError, ValueError) as error:
        return TlsFact(
            expires_at_ms=None, problem=Trouble(what=f"{cert} cannot be read: {error}.", fix=f"ls -l {cert}")
        )


def disk(settings: "Settings") -> DiskFact:
    """The file system of the state folder, or of what exists above it. Raises OSError."""
    folder = next(
        path for path in (settings.paths.store_file.parent, *settings.paths.state_dir.parents) if path.is_dir()
    )
    room = os.statvfs(folder)
    return DiskFact(
        folder=folder,
        free_bytes=room.f_bavail * room.f_frsize,
        total_bytes=room.f_blocks * room.f_frsize,
        free_inodes=room.f_favail if room.f_files else None,
        is_writable=os.access(folder, os.W_OK) and not room.f_flag & os.ST_RDONLY,
        kind=kind_of(folder, _mounts()),
    )


def _mounts() -> str:
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def kind_of(folder: Path, mounts: str) -> str:
    """What kind of file system holds a folder, by the text of /proc/self/mountinfo (proc(5)); empty when unknown."""
    best, kind = -1, ""
    real = folder.resolve()
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        words = before.split()
        if not dash or len(words) < 5:
            continue
        point = Path(words[4].encode().decode("unicode_escape"))
        if (real == point or point in real.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split()[0]
    return kind

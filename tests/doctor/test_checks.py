"""The decisions of single checks, by facts: what a test cannot plant, and where each line is drawn."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from greenbot.clock import ManualClock, SystemClock
from greenbot.doctor.checklist import CHECKS, judged
from greenbot.doctor.checks import machine, store
from greenbot.doctor.facts import DiskFact, Facts, HostFact, Missing, ServiceFact, StoreFact
from greenbot.doctor.finding import Check
from greenbot.doctor.looks.accounts import skew_ms
from greenbot.doctor.looks.certificate import expiry_ms
from greenbot.doctor.looks.files import kind_of
from greenbot.doctor.looks.webhook import judged as judged_answer
from greenbot.doctor.parallel import together
from greenbot.outbound.request import OutboundFailure, OutboundReply

NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000
MIB = 1024 * 1024
UNKNOWN = Missing(why="not asked for", is_wanted=False)


def facts(**known: object) -> Facts:
    """Nothing is known but this."""
    fields = {name: UNKNOWN for name in Facts.__dataclass_fields__ if name != "now_ms"}
    return Facts(now_ms=NOW_MS, **{**fields, **known})  # type: ignore[arg-type]  # any fact may be given


def a_store(**changes: object) -> StoreFact:
    sound: dict[str, object] = {
        "path": Path("greenbot.db"),
        "is_ours": True,
        "schema": 16,
        "latest_schema": 16,
        "journal_mode": "wal",
        "wanted_journal_mode": "wal",
        "sqlite": (3, 53, 4),
        "size_bytes": MIB,
        "wal_bytes": 0,
        "problems": (),
        "last_backup_at_ms": NOW_MS - DAY_MS,
    }
    return StoreFact(**{**sound, **changes})  # type: ignore[arg-type]  # its fields


def a_disk(**changes: object) -> DiskFact:
    roomy: dict[str, object] = {
        "folder": Path("/var/lib/greenbot"),
        "free_bytes": 20_000 * MIB,
        "total_bytes": 40_000 * MIB,
        "free_inodes": 100_000,
        "is_writable": True,
        "kind": "ext4",
    }
    return DiskFact(**{**roomy, **changes})  # type: ignore[arg-type]  # its fields


def worst(check: str, known: Facts) -> str:
    """The gravest state of one check."""
    (wanted,) = (one for one in CHECKS if one.id == check)
    return judged([wanted], known)[0].finding.state


@pytest.mark.parametrize(
    ("check", "fact", "state"),
    [
        ("store.mode", a_store(), "ok"),
        # A library with the WAL-reset bug: slower, but safe.
        ("store.mode", a_store(journal_mode="truncate", wanted_journal_mode="truncate", sqlite=(3, 40, 1)), "warning"),
        # The same library on a store that another machine left in WAL mode.
        ("store.mode", a_store(wanted_journal_mode="truncate", sqlite=(3, 40, 1)), "fault"),
        ("store.mode", a_store(journal_mode="delete"), "warning"),
        ("store.sound", a_store(problems=None), "skipped"),
        ("store.sound", a_store(problems=["page 7 is never used"]), "fault"),
        ("store.backup", a_store(last_backup_at_ms=None), "warning"),
        ("store.backup", a_store(last_backup_at_ms=NOW_MS - 2 * DAY_MS), "ok"),
        ("store.backup", a_store(last_backup_at_ms=NOW_MS - 2 * DAY_MS - 1), "warning"),
        ("store.backup", a_store(last_backup_at_ms=NOW_MS - 7 * DAY_MS - 1), "fault"),
        ("store.wal", a_store(wal_bytes=64 * MIB), "ok"),
        ("store.wal", a_store(wal_bytes=64 * MIB + 1), "warning"),
        ("store.schema", a_store(schema=17), "fault"),
        ("store.schema", a_store(schema=15), "warning"),
        ("store.schema", a_store(is_ours=False), "fault"),
        ("disk.space", a_disk(), "ok"),
        ("disk.space", a_disk(free_bytes=store.LITTLE_BYTES - 1), "warning"),
        ("disk.space", a_disk(free_bytes=store.TOO_LITTLE_BYTES - 1), "fault"),
        ("disk.space", a_disk(free_inodes=10), "fault"),
        ("disk.space", a_disk(free_inodes=None), "ok"),
        ("disk.space", a_disk(is_writable=False), "fault"),
        ("disk.local", a_disk(kind="nfs4"), "fault"),
        ("disk.local", a_disk(kind="fuse.sshfs"), "fault"),
        ("disk.local", a_disk(kind="tmpfs"), "warning"),
        ("disk.local", a_disk(kind=""), "ok"),
        ("python.version", HostFact(python=(3, 11, 2), installed=None), "ok"),
        ("python.version", HostFact(python=(3, 10, 9), installed=None), "fault"),
        ("python.version", HostFact(python=(3, 99, 0), installed=None), "ok"),
        ("service.running", ServiceFact(parts={"worker": 45_000}, evaluator_looked_ms=0), "ok"),
        ("service.running", ServiceFact(parts={"worker": 45_001}, evaluator_looked_ms=0), "fault"),
        ("service.parts", ServiceFact(parts={"worker": 45_001, "metrics": 0}, evaluator_looked_ms=0), "fault"),
        ("alerts.evaluator", ServiceFact(parts={}, evaluator_looked_ms=machine.LOOK_MS + 1), "fault"),
    ],
)
def test_where_each_line_is_drawn(check: str, fact: object, state: str) -> None:
    (need,) = next(one for one in CHECKS if one.id == check).needs
    assert worst(check, facts(**{need: fact})) == state


def test_a_python_that_is_over_is_a_warning() -> None:
    old = replace(facts(host=HostFact(python=(3, 11, 0), installed=None)), now_ms=NOW_MS * 2)
    assert worst("python.version", old) == "warning"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_was_not_asked_for_is_skipped_and_what_could_not_be_found_out_is_a_warning(check: Check) -> None:
    (left_out,) = judged([check], facts())
    assert (left_out.finding.state, "not asked for" in left_out.finding.what) == ("skipped", True)
    failed = dict.fromkeys(check.needs, Missing(why="the disk is on fire", fix="greenbot help doctor"))
    (line,) = judged([check], facts(**failed))
    assert (line.finding.state, line.finding.fix) == ("warning", "greenbot help doctor")
    assert "the disk is on fire" in line.finding.what


def test_the_gravest_come_first() -> None:
    known = facts(store=a_store(last_backup_at_ms=None, schema=17), disk=a_disk())
    states = [line.finding.state for line in judged(CHECKS, known)]
    assert states == sorted(states, key=("fault", "warning", "skipped", "ok").index)
    assert states[0] == "fault"


def reply(status: int, body: bytes = b"", **headers: str) -> OutboundReply:
    return OutboundReply(status=status, headers=headers, body=body, truncated=False, elapsed_ms=1)


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (reply(415, b"send the body as it is, without Content-Encoding\n"), "greenbot"),
        # Another server that knows no such encoding either.
        (reply(415, b"Unsupported Media Type"), "stranger"),
        (reply(401, b"unauthorized\n"), "refused"),
        (reply(401, b"<h1>401</h1>"), "stranger"),
        (reply(429, b"too many attempts\n"), "blocked"),
        (reply(404, b"not found\n"), "path"),
        (reply(404, b"<h1>nginx</h1>"), "stranger"),
        (reply(200, b"ok\n"), "stranger"),
        (reply(308, location="https://other.example/"), "redirect"),
        (reply(502), "proxy"),
        (reply(504), "proxy"),
        (OutboundFailure(kind="dns", words="x", elapsed_ms=1, maybe_arrived=False), "failure"),
    ],
)
def test_who_answered_at_the_webhook(seen: OutboundReply | OutboundFailure, kind: str) -> None:
    assert judged_answer(seen)[0] == kind


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Mon, 21 Sep 2026 14:13:20 GMT", 0),
        ("Mon, 21 Sep 2026 14:13:19 GMT", 0),  # made just before the second changed
        ("Mon, 21 Sep 2026 15:13:20 GMT", 3_600_000),
        ("Mon, 21 Sep 2026 13:13:20 GMT", -3_599_000),
        ("yesterday", None),
        ("", None),
    ],
)
def test_how_far_the_clocks_differ(date: str, skew: int | None) -> None:
    assert skew_ms(date, NOW_MS, NOW_MS) == skew


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw,relatime shared:9 - nfs4 nas:/srv rw
31 30 8:2 / /srv/my\\040hotel rw,relatime - xfs /dev/sdb1 rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"), [("/var/lib", "ext4"), ("/srv/x", "nfs4"), ("/srv/my hotel/state", "xfs"), ("/srvx", "ext4")]
)
def test_the_kind_of_file_system_is_that_of_the_nearest_mount(folder: str, kind: str) -> None:
    assert kind_of(Path(folder), MOUNTS) == kind
    assert kind_of(Path(folder), "nonsense\n") == ""


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        expiry_ms(text)


def test_the_end_of_real_certificates_is_read_as_openssl_reads_it(tmp_path: Path) -> None:
    from tests.doctor.planting import certificate

    for days in (-1, 30):
        cert, _ = certificate(tmp_path, days=days)
        seen = ssl._ssl._test_decode_cert(str(cert))["notAfter"]  # type: ignore[attr-defined]  # OpenSSL's own word
        assert expiry_ms(cert.read_text()) == round(ssl.cert_time_to_seconds(seen) * 1000)


def test_of_many_looks_each_failure_stays_its_own() -> None:
    def fails() -> str:
        raise RuntimeError("no")

    done = together({"a": lambda: "x", "b": fails}, seconds=30, clock=SystemClock())
    assert done["a"] == "x"
    assert done["b"] == Missing(why="RuntimeError: no")
    assert together({}, seconds=1, clock=ManualClock()) == {}

"""The long proofs, short: they find nothing wrong with greenbot, and they do find what they are made to find."""

import random
from pathlib import Path

import pytest

from tests.verify import inbox, powerloss
from tests.verify.powerloss import Disk, apply
from tests.verify.powerloss_trace import Op, ops_of

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("mode", ["wal", "truncate"])
def test_a_few_kills_of_the_service_lose_nothing(mode: str) -> None:
    assert inbox.verify(inbox.Options(kills=4, seed=3, mode=mode, ack_first=False))


def test_a_service_that_answers_first_is_found_out() -> None:
    assert inbox.verify(inbox.Options(kills=8, seed=4, mode="wal", ack_first=True))


TRACE = r"""
7 pwrite64(3<\x2f\x73\x2f\x67\x72\x65\x65\x6e\x62\x6f\x74\x2e\x64\x62>, "\x61\x62", 2, 4) = 2
8 fdatasync(3<\x2f\x73\x2f\x67\x72\x65\x65\x6e\x62\x6f\x74\x2e\x64\x62> <unfinished ...>
7 pwrite64(3<\x2f\x73\x2f\x67\x72\x65\x65\x6e\x62\x6f\x74\x2e\x64\x62>, "\x63", 1, 0) = 1
8 <... fdatasync resumed>) = 0
7 pwrite64(3<\x2f\x73\x2f\x67\x72\x65\x65\x6e\x62\x6f\x74\x2e\x64\x62>, "\x64", 1, 1) = -1 EIO (Input/output error)
"""


def test_a_sync_saves_what_was_written_before_it_began_and_nothing_else() -> None:
    disk = Disk()
    for op in ops_of(TRACE.splitlines()):
        disk.see(op)
    assert disk.safe == {"greenbot.db": bytearray(b"\0\0\0\0ab")}
    assert [op.data for op in disk.pending] == [b"c"]
    assert disk.image("nothing", random.Random(1)) == disk.safe
    assert disk.image("everything", random.Random(1)) == {"greenbot.db": bytearray(b"c\0\0\0ab")}


def test_a_torn_write_reaches_whole_sectors_only() -> None:
    write = Op(kind="write", path="/s/greenbot.db", began=0, ended=0, offset=0, data=b"x" * 4096)
    seen = set()
    for seed in range(20):
        files = {"greenbot.db": bytearray(4096)}
        apply(files, write, torn=random.Random(seed))
        sectors = [bytes(files["greenbot.db"][at : at + powerloss.SECTOR]) for at in range(0, 4096, powerloss.SECTOR)]
        assert set(sectors) <= {b"x" * powerloss.SECTOR, bytes(powerloss.SECTOR)}
        seen.add(b"".join(sectors))
    assert len(seen) > 10


def test_an_image_without_its_answered_events_is_found_out(tmp_path: Path) -> None:
    assert powerloss.fault_of(tmp_path / "image", {}, []).startswith("unusable")

"""Which SQLite, and which journal mode it may be trusted with."""

from pathlib import Path

import pytest

from greenbot.db import driver
from tests.db.helpers import OPEN, WITHOUT_PYSQLITE3, run


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 6, 23), False),  # knows no WAL at all
        ((3, 7, 0), False),  # the first with WAL, and with the bug
        ((3, 40, 1), False),  # Debian 12
        ((3, 44, 5), False),
        ((3, 44, 6), True),  # patched branch
        ((3, 45, 0), False),  # a later branch without the patch
        ((3, 50, 6), False),
        ((3, 50, 7), True),  # patched branch
        ((3, 51, 2), False),  # the last with the bug
        ((3, 51, 3), True),
        ((3, 53, 4), True),
        ((4, 0, 0), True),
    ],
)
def test_only_a_library_without_the_wal_reset_bug_runs_in_wal_mode(version: tuple[int, ...], safe: bool) -> None:
    assert driver.wal_is_safe(version) is safe
    assert driver.journal_mode(version) == ("wal" if safe else "truncate")


PRINT_MODES = """
from greenbot.db import driver
print(driver.sqlite.__name__, db.scalar("pragma journal_mode"), db.scalar("pragma synchronous"))
"""


def test_the_driver_with_the_recent_library_is_preferred(tmp_path: Path) -> None:
    done = run(OPEN + PRINT_MODES, tmp_path / "greenbot.db")
    assert done.stdout.split() == ["pysqlite3.dbapi2", "wal", "2"], done.stderr


def test_without_it_the_standard_library_serves_in_the_mode_its_version_deserves(tmp_path: Path) -> None:
    import sqlite3

    done = run(WITHOUT_PYSQLITE3 + OPEN + PRINT_MODES, tmp_path / "greenbot.db")
    assert done.stdout.split() == ["sqlite3", driver.journal_mode(sqlite3.sqlite_version_info), "2"], done.stderr


def test_an_affected_version_opens_the_store_in_truncate_mode(tmp_path: Path) -> None:
    fake = "from greenbot.db import driver\ndriver.version = (3, 40, 1)\n"
    done = run(fake + OPEN + PRINT_MODES, tmp_path / "greenbot.db")
    assert done.stdout.split()[1:] == ["truncate", "2"], done.stderr


def test_a_wal_store_is_taken_out_of_wal_mode_by_an_affected_version(tmp_path: Path) -> None:
    store = tmp_path / "greenbot.db"
    assert run(OPEN + PRINT_MODES, store).stdout.split()[1] == "wal"
    fake = "from greenbot.db import driver\ndriver.version = (3, 40, 1)\n"
    assert run(fake + OPEN + PRINT_MODES, store).stdout.split()[1] == "truncate"


def test_sqlite_utils_uses_the_same_copy_of_sqlite() -> None:
    from sqlite_utils import utils

    assert vars(utils)["sqlite3"].connect is driver.sqlite.connect

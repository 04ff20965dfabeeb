"""Fresh interpreters for tests that need real processes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from greenbot.db.connect import Db
from greenbot.db.driver import sqlite

#: SQLite's code for a sync that failed (sqlite.org/rescode.html).
IOERR_FSYNC = 1034
ROOT = Path(__file__).parents[2]

#: Put before a program, it makes the process run on the standard library's SQLite.
WITHOUT_PYSQLITE3 = "import sys\nsys.modules['pysqlite3'] = None\n"

IMPORT = """
import sys
from pathlib import Path
from greenbot.clock import SystemClock
from greenbot.db.connect import connect
"""
OPEN = f"{IMPORT}db = connect(Path(sys.argv[1]), clock=SystemClock())\n"

INSERT = "insert into calls (instance, method, started_at_ms) values ('kyiv', 'sendMessage', 1)"


def environment(**more: str) -> dict[str, str]:
    """This process's environment, with the project on the path."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def start(program: str, *arguments: object, **env: str) -> "subprocess.Popen[str]":
    """A fresh interpreter running `program`."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=environment(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(program: str, *arguments: object, **env: str) -> "subprocess.CompletedProcess[str]":
    """The same, waited for."""
    process = start(program, *arguments, **env)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class _FailingDisk:
    """A connection whose checkpoints meet a disk that cannot sync."""

    def __init__(self, connection: sqlite.Connection, code: int) -> None:
        self._connection = connection
        self._code = code

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, sql: str, *values: Any) -> object:
        if "wal_checkpoint" in sql:
            error = sqlite.OperationalError("disk I/O error")
            error.sqlite_errorcode = self._code
            raise error
        return self._connection.execute(sql, *values)


def failing(db: Db, code: int = IOERR_FSYNC) -> Db:
    """From now on SQLite says so to this connection when it moves something into the store."""
    db._connection = _FailingDisk(db._connection, code)  # type: ignore[assignment]  # it does all that a connection does
    return db

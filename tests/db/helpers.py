"""Fresh interpreters for tests that need real processes."""

import os
import subprocess
import sys
from pathlib import Path

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

"""How fast one shell command is: `make startup`.

Each command is a whole process, timed in interleaved rounds against bare Python, against one send by the official SDK,
and against this same program with every import at the top. Leaves with 1 when a ratio is missed.
"""

import argparse
import ast
import itertools
import sys
import tempfile
from pathlib import Path

from tests.architecture.files import ROOT, module_name, python_files, text_of
from tests.architecture.imports import STUBS, imports_of
from tests.bench.loopback import GUEST, ID_INSTANCE, TOKEN, Hotel, clean_environ, greenbot_script, hotel
from tests.bench.rounds import CommandFailed, Contender, Target, measure, report

PYTHON = "python -c pass"
VERSION = "greenbot --version"
HELP = "greenbot send text --help"
SEND = "greenbot send text"
SDK = "official SDK, one send"
EAGER = "the same, imports at the top"

TARGETS = (
    Target(name=VERSION, against=PYTHON, limit=1.5),
    Target(name=HELP, against=PYTHON, limit=15),
    Target(name=SEND, against=SDK, limit=0.65),
    Target(name=SEND, against=EAGER, limit=0.35),
)

#: Left out: what starts the program, what only an extra brings, and the driver that pysqlite3 stands in for.
NOT_IMPORTED = STUBS | {"greenbot.__main__", "apprise", "keyring", "uvloop", "sqlite3"}


def eager_program() -> str:
    """greenbot as if every import stood at the top of its file: all of its modules and all they import anywhere."""
    wanted = set()
    for path in python_files("greenbot"):
        wanted.add(module_name(path))
        wanted.update(found.target for found in imports_of(ast.parse(text_of(path))))
    lines = [f"import {name}" for name in sorted(wanted) if not _left_out(name)]
    return "\n".join([*lines, "greenbot.entry.main()", ""])


def _left_out(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in NOT_IMPORTED)


def contenders(home: Path, guests_hotel: Hotel) -> list[Contender]:
    """The six processes of one round."""
    eager = home / "eager.py"
    eager.write_text(eager_program())
    sdk_python = str(ROOT / ".venv-interop" / "bin" / "python")
    sdk_script = str(ROOT / "tests" / "bench" / "sdk_send.py")
    plain = clean_environ(home)
    # The limits stay, as wide as they go: otherwise what is measured is how long a second send waits for its turn.
    told = {
        **guests_hotel.environ,
        "GREEN_API_RATE_LIMIT_PER_SECOND": "50",
        "GREEN_API_RATE_LIMIT_PER_MINUTE": "3000",
    }
    number = itertools.count()
    send = ("send", "text", GUEST)
    return [
        Contender(name=PYTHON, environ=plain, command=lambda: [sys.executable, "-c", "pass"]),
        Contender(name=VERSION, environ=plain, command=lambda: [greenbot_script(), "--version"]),
        Contender(name=HELP, environ=plain, command=lambda: [greenbot_script(), "send", "text", "--help"]),
        Contender(name=SEND, environ=told, command=lambda: [greenbot_script(), *send, f"Hello {next(number)}"]),
        Contender(
            name=SDK,
            environ=plain,
            command=lambda: [
                *(sdk_python, sdk_script, guests_hotel.simulator.api_url, str(ID_INSTANCE), TOKEN, GUEST),
                f"Hello {next(number)}",
            ],
        ),
        Contender(
            name=EAGER, environ=told, command=lambda: [sys.executable, str(eager), *send, f"Hello {next(number)}"]
        ),
    ]


def main() -> int:
    """Measure, print, and say by the exit code whether all is fast enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, hotel(Path(folder)) as guests_hotel:
        try:
            seconds = measure(contenders(Path(folder), guests_hotel), rounds=rounds)
        except CommandFailed as error:
            print(error, file=sys.stderr)
            return 1
        sent = guests_hotel.texts_received()
    if len(sent) != len(set(sent)) or len(sent) < 3 * rounds:
        print(f"{len(sent)} messages arrived, {len(set(sent))} of them different: not what was sent", file=sys.stderr)
        return 1
    return 0 if report(seconds, TARGETS) else 1


if __name__ == "__main__":
    sys.exit(main())

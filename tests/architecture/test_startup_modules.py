"""What a hot command loads, seen in a fresh interpreter: the text of a file cannot tell an import that happens from one
that might. The other half is tested too: what was deferred does load when it is needed."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.bench.loopback import GUEST, Hotel, clean_environ, hotel

pytestmark = pytest.mark.integration

#: Runs one command line and writes the modules it loaded, whichever way it ends.
PROGRAM = """
import sys
into = sys.argv.pop(1)
before = set(sys.modules)
try:
    from greenbot.entry import main
    main()
finally:
    loaded = sorted(name for name, module in sys.modules.items() if module is not None and name not in before)
    import json
    with open(into, "w") as file:
        json.dump(loaded, file)
"""

#: No shell command that a person or cron waits for may load these.
HEAVY = {"rich", "aiohttp", "sqlite_utils", "tomlkit", "asyncio", "anyio", "msgspec", "pydantic", "unittest", "pydoc"}
HEAVY |= {
    "httpx",
    "httpcore",
    "requests",
    "importlib.metadata",
    "multiprocessing",
    "concurrent.futures",
    "xml",
    "click",
    "pygments",
    "platformdirs",
}

#: The whole of what a fresh `greenbot send text` may load beyond the standard library and greenbot itself.
LIBRARIES_OF_A_SEND = {"typer", "pysqlite3", "annotated_doc", "shellingham", "typing_extensions"}
PACKAGES_OF_A_SEND = {
    "api",
    "chat_id",
    "cli",
    "clock",
    "config",
    "db",
    "digests",
    "entry",
    "errors",
    "failpoints",
    "logs",
    "messages",
}
PACKAGES_OF_A_SEND |= {"outbox", "redact", "resilience", "safe_text", "version", "wiring"}


def loaded_by(arguments: list[str], environ: Mapping[str, str], folder: Path) -> set[str]:
    """The modules a command loads beyond those of a bare interpreter; the command must succeed."""
    into = folder / "loaded.json"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(into), *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(into.read_text()))


def among(loaded: set[str], names: set[str]) -> set[str]:
    """Which of `names` (modules or packages) were loaded, whole or in part."""
    return {name for name in names if any(module == name or module.startswith(f"{name}.") for module in loaded)}


def libraries(loaded: set[str]) -> set[str]:
    """The third-party packages among the loaded modules; names with an underscore in front are their compiled parts."""
    tops = {module.split(".")[0] for module in loaded} - sys.stdlib_module_names - {"greenbot"}
    return {top for top in tops if not top.startswith(("_", "sitecustomize"))}


@pytest.fixture(scope="module")
def guests_hotel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotel]:
    with hotel(tmp_path_factory.mktemp("home")) as running:
        yield running


def test_the_version_is_answered_before_typer_is_loaded(tmp_path: Path) -> None:
    loaded = loaded_by(["--version"], clean_environ(tmp_path), tmp_path)
    assert {name for name in loaded if name.startswith("greenbot")} == {
        "greenbot",
        "greenbot.entry",
        "greenbot.version",
    }
    assert libraries(loaded) == set()
    assert among(loaded, HEAVY) == set()


def test_help_loads_no_network_and_no_store(tmp_path: Path) -> None:
    loaded = loaded_by(["send", "text", "--help"], clean_environ(tmp_path), tmp_path)
    assert (
        among(loaded, {"httpx", "httpcore", "aiohttp", "sqlite_utils", "sqlite3", "pysqlite3", "ssl", "asyncio"})
        == set()
    )
    assert (
        among(loaded, {"greenbot.db", "greenbot.api", "greenbot.outbox", "greenbot.simulator", "greenbot.wiring"})
        == set()
    )


def test_one_group_does_not_load_the_others(tmp_path: Path) -> None:
    loaded = loaded_by(["send", "--help"], clean_environ(tmp_path), tmp_path)
    assert "greenbot.cli.send" in loaded
    assert (
        among(loaded, {"greenbot.cli.sim", "greenbot.cli.config", "greenbot.cli.instances", "greenbot.cli.api"})
        == set()
    )


def test_a_send_loads_the_named_modules_only(guests_hotel: Hotel, tmp_path: Path) -> None:
    send = ["send", "text", GUEST]
    # The second one comes at once, and one that waits for a limit counts its wait.
    environ = {**guests_hotel.environ, "GREEN_API_RATE_LIMIT_PER_SECOND": "50"}
    first = loaded_by([*send, "Good morning"], environ, tmp_path)
    loaded = loaded_by([*send, "Good evening"], environ, tmp_path)

    assert among(loaded, HEAVY) == set()
    assert libraries(loaded) - LIBRARIES_OF_A_SEND == set()
    packages = {name.split(".")[1] for name in loaded if name.startswith("greenbot.")}
    assert packages - PACKAGES_OF_A_SEND == set()
    # The other half: what this send did without was loaded by the first one, which had to create the store.
    assert among(first, {"sqlite_utils"}) == {"sqlite_utils"}
    assert among(loaded, {"typer", "http.client", "greenbot.outbox"}) == {"typer", "http.client", "greenbot.outbox"}
    assert guests_hotel.texts_received() == ["Good morning", "Good evening"]


def test_a_send_that_a_worker_makes_loads_no_network(guests_hotel: Hotel, tmp_path: Path) -> None:
    environ = {**guests_hotel.environ, "GREEN_API_RATE_LIMIT_PER_SECOND": "50"}
    loaded_by(["send", "text", GUEST, "Good day"], environ, tmp_path)
    worker = subprocess.Popen(
        [sys.executable, "-m", "greenbot", "outbox", "run"], env=environ, stderr=subprocess.PIPE, text=True
    )
    try:
        assert worker.stderr is not None
        worker.stderr.readline()  # it says that it is there
        loaded = loaded_by(["send", "text", GUEST, "Good night"], environ, tmp_path)
    finally:
        worker.terminate()
        worker.communicate()
    without = {
        "greenbot.api",
        "greenbot.messages.mime",
        "greenbot.outbox.deliver",
        "http",
        "socket",
        "ssl",
        "unicodedata",
    }
    assert among(loaded, without) == set()
    assert guests_hotel.texts_received()[-1] == "Good night"


@pytest.mark.parametrize(
    ("line", "leaked"),
    [
        ("import asyncio", {"asyncio"}),
        ("import rich.console", {"rich"}),
        ("import importlib.metadata", {"importlib.metadata"}),
    ],
)
def test_a_leak_is_noticed(line: str, leaked: set[str], tmp_path: Path) -> None:
    before = {"PYTHONSTARTUP": "", "PYTHONPATH": str(tmp_path)}
    (tmp_path / "greenbot_leak.py").write_text(f"{line}\n")
    program = PROGRAM.replace("    from greenbot.entry", "    import greenbot_leak\n    from greenbot.entry")
    into = tmp_path / "loaded.json"
    subprocess.run(
        [sys.executable, "-c", program, str(into), "--version"], env=clean_environ(tmp_path) | before, check=True
    )
    assert leaked <= among(set(json.loads(into.read_text())), HEAVY)

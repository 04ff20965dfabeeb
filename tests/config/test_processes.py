"""Several processes at once, and processes that die in the middle of a change."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from greenbot.clock import ManualClock
from greenbot.config.atomic import locked, replace_file
from greenbot.config.edit import set_value
from greenbot.config.secrets import write_secret
from greenbot.errors import Busy, ConfigError
from greenbot.redact import Secret
from tests.config.conftest import GRAND, Home

pytestmark = pytest.mark.integration

_EDIT = """
import os, sys
from pathlib import Path
from greenbot.config import edit
from greenbot.config.paths import find_paths
from greenbot.redact import Secret
paths = find_paths(os.environ, cwd=Path.cwd(), system_file=Path("/nonexistent"))
"""


def _start(home: Home, code: str, **environ: str) -> "subprocess.Popen[bytes]":
    env = {**home.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environ}
    return subprocess.Popen([sys.executable, "-c", _EDIT + code], env=env, cwd=home.cwd)


def _killed_at(home: Home, point: str, code: str, *, passing: int = 1) -> None:
    plan = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": f"{point}=kill@{passing}"}
    assert _start(home, code, **plan).wait(30) == -signal.SIGKILL, "the process was to die at this point"


OLD = "# mine\n" + GRAND
NEW = OLD + 'language = "uk"\n'
SET = 'edit.set_value(paths, "instances.grand-kyiv.language", "uk")'


@pytest.mark.parametrize("point, content", [("cfg.after_tmp", OLD), ("cfg.after_rename", NEW)])
def test_a_kill_leaves_the_old_file_or_the_new_one(home: Home, point: str, content: str) -> None:
    home.write("config", OLD)
    _killed_at(home, point, SET)
    assert home.config.read_text() == content
    assert home.config.stat().st_mode & 0o777 == 0o600
    home.load()
    # the next change works, and what the dead one left behind is gone
    set_value(home.paths, "instances.grand-kyiv.language", "pl")
    assert home.load().instance().language == "pl"
    assert [file.name for file in home.config.parent.iterdir()] == ["config.toml"]


ADD = 'edit.add_instance(paths, "sea", {"id": "3"}, token=Secret("tok-of-the-sea"))'


# the token is written first, then the file that speaks of it
@pytest.mark.parametrize(
    "point, passing, names, token",
    [
        ("cfg.after_tmp", 1, ["grand-kyiv"], False),
        ("cfg.after_rename", 1, ["grand-kyiv"], True),
        ("cfg.after_tmp", 2, ["grand-kyiv"], True),
        ("cfg.after_rename", 2, ["grand-kyiv", "sea"], True),
    ],
)
def test_a_kill_while_adding_an_instance_never_leaves_one_without_its_token(
    home: Home, point: str, passing: int, names: list[str], token: bool
) -> None:
    home.write("config", GRAND)
    _killed_at(home, point, ADD, passing=passing)
    assert list(home.load().instances) == names
    assert (home.root / "home" / "secrets" / "sea.token").exists() == token
    if "sea" not in names:
        assert _start(home, ADD).wait(30) == 0
    assert home.load().instance("sea").token().reveal() == "tok-of-the-sea"
    leftovers = [path for path in (home.root / "home").rglob("*") if path.name.endswith(".tmp")]
    assert leftovers == []


def test_edits_by_eight_processes_at_once_lose_nothing(home: Home) -> None:
    code = """
me = sys.argv[1] if len(sys.argv) > 1 else os.environ["ME"]
edit.add_instance(paths, f"hotel-{me}", {"id": f"110{me}"}, token=Secret(f"token-of-hotel-{me}"))
for language in ("uk", "pl", "de"):
    edit.set_value(paths, f"instances.hotel-{me}.language", language)
edit.edit_instance(paths, f"hotel-{me}", {"tags": f"t{me}"})
"""
    workers = [_start(home, code, ME=str(number)) for number in range(8)]
    assert [worker.wait(60) for worker in workers] == [0] * 8
    settings = home.load()
    found = {name: (one.language, one.tags, one.token().reveal()) for name, one in settings.instances.items()}
    assert found == {f"hotel-{n}": ("de", (f"t{n}",), f"token-of-hotel-{n}") for n in range(8)}
    assert sorted(file.name for file in home.config.parent.iterdir()) == ["config.toml", "secrets"]


def test_readers_never_see_half_a_file(home: Home) -> None:
    home.write("config", OLD)
    code = """
for number in range(60):
    edit.set_value(paths, "instances.grand-kyiv.tags", ",".join(f"tag-{number}-{i}" for i in range(50)))
"""
    writer = _start(home, code)
    looks = 0
    while writer.poll() is None:
        tags = home.load().instance().tags
        assert len(tags) in (0, 50)
        assert len({tag.split("-")[1] for tag in tags}) <= 1
        looks += 1
    assert writer.returncode == 0
    assert looks > 0


def test_a_lock_that_is_held_is_waited_for_and_then_reported(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    clock = ManualClock()
    with locked(folder), pytest.raises(Busy, match="Another greenbot process"), locked(folder, clock=clock):
        pytest.fail("two holders at once")
    assert clock.monotonic() >= 10
    with locked(folder, clock=clock):
        pass


@pytest.mark.parametrize("number", ["ENOSPC", "EIO", "EROFS"])
def test_a_disk_that_fails_leaves_the_old_file(home: Home, number: str) -> None:
    home.write("config", OLD)
    plan = {"GREENBOT_TESTING": "1", "GREENBOT_FAILPOINTS": f"cfg.after_tmp=raise:{number}"}
    code = f"""
from greenbot.errors import ConfigError
try:
    {SET}
except ConfigError as error:
    print(error, error.hint, file=open("said", "w"))
"""
    assert _start(home, code, **plan).wait(30) == 0
    assert "config.toml cannot be written" in (home.cwd / "said").read_text()
    assert home.config.read_text() == OLD
    assert [file.name for file in home.config.parent.iterdir()] == ["config.toml"]


def test_an_unwritable_place_is_an_error_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be created"):
        write_secret(tmp_path / "file" / "secrets" / "a.token", Secret("a-token"))
    with pytest.raises(ConfigError, match="cannot be written"):
        replace_file(tmp_path / "missing" / "config.toml", b"")


#: What a shell command may load for its settings, beyond what Python itself brings along.
_HEAVY = (
    "tomlkit platformdirs typer rich difflib httpx aiohttp subprocess zoneinfo fcntl asyncio logging keyring "
    "sqlite3 json base64 tempfile"
)
_LOAD = """
import os, sys
from pathlib import Path
from greenbot.config.load import load
settings = load(os.environ, cwd=Path.cwd(), system_file=Path("/nonexistent"))
settings.instance().token()
print(' '.join(sys.modules))
"""


def test_loading_settings_and_a_token_imports_nothing_heavy(home: Home) -> None:
    home.write("config", GRAND + 'timezone = "Europe/Kyiv"\n[api]\ntimeout_seconds = 9\n')
    home.secret("grand-kyiv.token")
    env = {**home.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    code = _LOAD.replace("import json, ", "import ").replace(
        "print(sorted(sys.modules))", "print(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], env=env, cwd=home.cwd, capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert "greenbot.config.settings" in loaded
    assert loaded.isdisjoint(_HEAVY.split())
    ours = {name for name in loaded if name.startswith("greenbot.config.")}
    assert ours.isdisjoint({"greenbot.config.lines", "greenbot.config.edit", "greenbot.config.atomic"})

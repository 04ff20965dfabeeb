"""Whatever the machine does to greenbot: no home, no rights, no disk, no streams, a broken store or configuration."""

import ctypes
import errno
import fcntl
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenbot.db import connect as stores
from greenbot.errors import ExitCode
from tests.cli.harness import NUMBER, Desk, Result, program

pytestmark = pytest.mark.integration

SEND = ("send", "text", NUMBER, "Good morning")
_CAPABILITIES_TO_IGNORE_PERMISSIONS = (1, 2)
_PR_CAPBSET_DROP = 24


def refused(result: Result, code: ExitCode, what: str, hint: str) -> None:
    """The command failed with this code and said both."""
    assert result.exit_code == code, result
    error, _, advice = result.stderr.partition("\nhint:  ")
    assert what in error, result.stderr
    assert hint in advice, result.stderr


def without(desk: Desk, *names: str) -> dict[str, str]:
    return {name: value for name, value in desk.environ.items() if name not in names}


# -- configuration

CONFIGURATIONS = [
    ("[api\n", "config.toml, line 1: Expected ']'", "Each setting stands on its own line"),
    ("[api]\ntimeout_secs = 3\n", "config.toml, line 2: api.timeout_secs is not a setting.", "timeout_seconds"),
    ("[api]\ntimeout_seconds = 0\n", "line 2: api.timeout_seconds should be a number from 1 to 180", "= 30"),
    ('[api]\nbase_url = "http://example.com"\n', "anybody on the way could read the token", "https://"),
    ('[instances.kyiv]\ntoken = "0123456789abcdef"\n', "instances.kyiv", "instances edit kyiv --token-stdin"),
    ('[instances.a]\nid = "1"\n[instances.b]\nid = "1"\n', "also the id of a", "Keep one of a and b"),
    ("\ufeff\x00", "config.toml", "name = value"),
]


@pytest.mark.parametrize("toml, what, hint", CONFIGURATIONS)
def test_a_broken_configuration_is_named_by_file_line_and_key(desk: Desk, toml: str, what: str, hint: str) -> None:
    desk.configure(toml)
    refused(desk.here(*SEND), ExitCode.UNUSABLE, what, hint)
    refused(desk.here("config", "validate"), ExitCode.UNUSABLE, what, hint)
    assert desk.here("config", "path").ok().stdout == f"{desk.config}\n"
    assert desk.executed() == []


ENVIRONMENTS = [
    ({"GREEN_API_INSTANCE_ID": "abc"}, "environment GREEN_API_INSTANCE_ID: instances.default.id should be", "1101"),
    ({"GREEN_API_TIMEOUT": "fast"}, "environment GREEN_API_TIMEOUT: api.timeout_seconds should be a number", "30"),
    ({"GREEN_API_BASE_URL": "http://example.com"}, "anybody on the way could read the token", "https://"),
    ({"GREENBOT_CONFIG": "missing.toml"}, "There is no configuration file", "GREENBOT_CONFIG"),
    ({"GREENBOT_HOME": "~nobody-at-all/x"}, "begins with ~", "Write the whole path."),
]


@pytest.mark.parametrize("env, what, hint", ENVIRONMENTS)
def test_a_bad_environment_is_named_by_its_variable(desk: Desk, env: dict[str, str], what: str, hint: str) -> None:
    refused(desk.here(*SEND, env=env), ExitCode.UNUSABLE, what, hint)


def test_without_any_instance_the_way_to_one_is_shown(desk: Desk) -> None:
    desk.environ = {name: value for name, value in desk.environ.items() if not name.startswith("GREEN_API_")}
    refused(desk.here(*SEND), ExitCode.USAGE, "No instance is configured.", "greenbot init")
    assert desk.here("instances", "list").ok().stdout == ""


def test_without_a_token_the_way_to_store_it_is_shown(desk: Desk) -> None:
    desk.environ = without(desk, "GREEN_API_TOKEN")
    what, hint = "There is no token of default", "greenbot instances edit default --token-stdin"
    refused(desk.here(*SEND), ExitCode.NOT_READY, what, hint)
    assert desk.executed() == []


@pytest.fixture
def keeper(desk: Desk) -> Desk:
    """A desk whose token is in a file."""
    url = desk.simulator.api_url
    desk.configure(f'[instances.kyiv]\nid = "{desk.instance.id}"\napi_url = "{url}"\nmedia_url = "{url}"\n')
    desk.environ = {name: value for name, value in desk.environ.items() if not name.startswith("GREEN_API_")}
    (desk.home / "secrets").mkdir(mode=0o700)
    write_token(desk, desk.token)
    return desk


def write_token(desk: Desk, token: str, mode: int = 0o600) -> Path:
    path = desk.home / "secrets" / "kyiv.token"
    path.write_text(token)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_token_others_can_read_is_refused(keeper: Desk, mode: int) -> None:
    path = write_token(keeper, keeper.token, mode)
    refused(keeper.here(*SEND), ExitCode.UNUSABLE, f"Others can read the secret file {path}", f"chmod 600 {path}")
    assert "unsafe_permissions" in keeper.here("instances", "list").ok().stdout
    path.chmod(0o600)
    keeper.here(*SEND).ok()


def test_a_link_to_a_token_is_refused(keeper: Desk) -> None:
    path = write_token(keeper, keeper.token)
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))
    refused(keeper.here(*SEND), ExitCode.UNUSABLE, "is a symbolic link.", "Put the file itself there.")


@pytest.mark.parametrize(
    "content, code, what, hint",
    [
        ("", ExitCode.NOT_READY, "The token of kyiv is empty", "instances edit kyiv --token-stdin"),
        ("two words", ExitCode.UNUSABLE, "is not one word of letters", "nothing but the token"),
        ("t\u043eken" * 9, ExitCode.UNUSABLE, "is not one word of letters", "nothing but the token"),
    ],
)
def test_what_cannot_be_a_token_is_not_used_as_one(
    keeper: Desk, content: str, code: ExitCode, what: str, hint: str
) -> None:
    write_token(keeper, content)
    refused(keeper.here(*SEND), code, what, hint)


# -- the store


def test_a_folder_in_place_of_the_store(desk: Desk) -> None:
    desk.store.mkdir(parents=True, mode=0o700)
    refused(desk.here(*SEND), ExitCode.UNUSABLE, f"The store {desk.store} cannot be opened.", "write permission")


def test_a_foreign_file_in_place_of_the_store(desk: Desk) -> None:
    desk.home.mkdir(mode=0o700)
    desk.store.write_bytes(b"not a database " * 100)
    refused(desk.here(*SEND), ExitCode.UNUSABLE, f"{desk.store} is not a greenbot store.", "Move that file away")
    assert desk.store.read_bytes() == b"not a database " * 100


def test_a_damaged_store(desk: Desk) -> None:
    desk.here(*SEND).ok()
    content = desk.store.read_bytes()
    desk.store.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    refused(desk.here(*SEND), ExitCode.UNUSABLE, f"The store {desk.store} is damaged.", "restore a backup")
    assert len(desk.executed()) == 1


def test_a_store_of_a_newer_greenbot(desk: Desk) -> None:
    desk.here(*SEND).ok()
    with sqlite3.connect(desk.store) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()
    refused(desk.here(*SEND), ExitCode.UNUSABLE, "has schema 99", "Use the newer greenbot")
    assert len(desk.executed()) == 1


def test_a_store_another_greenbot_holds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.here(*SEND).ok()
    assert stores.connect.__kwdefaults__ is not None
    monkeypatch.setitem(stores.connect.__kwdefaults__, "lock_timeout_seconds", 0.05)
    with Path(f"{desk.store}.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused(desk.here(*SEND), ExitCode.BUSY, "Another greenbot process has held", "Run it again")
    assert len(desk.executed()) == 1


def test_a_store_another_program_holds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.here(*SEND).ok()
    monkeypatch.setattr(stores, "BUSY_TIMEOUT_SECONDS", 0.05)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(desk.store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        said = desk.here(*SEND)
        holder.communicate("done\n")
    refused(said, ExitCode.BUSY, "stayed locked by another program.", "Run it again")
    assert len(desk.executed()) == 1


#: A process of its own: SQLite's locks do not exclude their own process.
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin immediate")
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_home_others_can_write_to(desk: Desk) -> None:
    desk.home.mkdir()
    desk.home.chmod(0o777)
    refused(desk.here(*SEND), ExitCode.UNUSABLE, f"Others may write into the folder {desk.home}.", "chmod go-w")


def test_a_file_in_place_of_the_home(desk: Desk) -> None:
    desk.home.touch()
    refused(desk.here(*SEND), ExitCode.UNUSABLE, f"{desk.home} is not a folder.", "GREENBOT_HOME")


def test_a_home_below_a_file(desk: Desk) -> None:
    desk.environ = without(desk, "GREENBOT_HOME") | {"HOME": "/dev/null"}
    refused(desk.here(*SEND), ExitCode.UNUSABLE, "cannot be created: Not a directory.", "GREENBOT_HOME")


def test_no_home_at_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.environ = without(desk, "GREENBOT_HOME", "HOME")
    monkeypatch.setattr(os, "getuid", lambda: 54_321)  # somebody the system's list of users does not know
    refused(desk.here(*SEND), ExitCode.UNUSABLE, "There is no home directory", "Set GREENBOT_HOME")


def obey_permissions() -> None:
    """In the child: root loses its right to pass over permissions; everybody else never had it."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in _CAPABILITIES_TO_IGNORE_PERMISSIONS:
            assert libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0


def limited(desk: Desk, before: Callable[[], None], *words: str) -> Result:
    """The program in a process that is limited first."""
    done = subprocess.run(
        program(*words), env=desk.environ, cwd=desk.folder, capture_output=True, text=True, preexec_fn=before
    )
    return Result(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def test_a_read_only_home(desk: Desk) -> None:
    desk.home.mkdir(mode=0o500)
    said = limited(desk, obey_permissions, *SEND)
    refused(said, ExitCode.UNUSABLE, "cannot be written: Permission denied.", "set GREENBOT_HOME to another folder")
    assert desk.executed() == []


def test_a_configuration_that_may_not_be_read(desk: Desk) -> None:
    desk.configure("[api]\n")
    desk.config.chmod(0)
    said = limited(desk, obey_permissions, *SEND)
    refused(said, ExitCode.UNUSABLE, f"{desk.config}", "")
    assert "Permission denied" in said.stderr


def test_a_file_that_may_not_be_read(desk: Desk) -> None:
    (desk.folder / "menu.pdf").write_bytes(b"%PDF")
    (desk.folder / "menu.pdf").chmod(0)
    said = limited(desk, obey_permissions, "send", "file", NUMBER, "menu.pdf")
    refused(said, ExitCode.USAGE, "You are not allowed to read 'menu.pdf'.", "Ask its owner")


@contextmanager
def full_disk(desk: Desk) -> Iterator[Callable[[], None]]:
    """A disk without space under the home: a tiny one where root may mount it, else a limit on the size of files."""
    desk.home.mkdir(mode=0o700)
    mounted = os.geteuid() == 0 and _mount_tiny(desk.home)
    try:
        if mounted:
            _fill(desk.home / "ballast")
        yield obey_permissions if mounted else _no_big_files
    finally:
        if mounted:
            subprocess.run(["umount", str(desk.home)], check=True)


def _mount_tiny(folder: Path) -> bool:
    options = ["-t", "tmpfs", "-o", "size=160k,mode=0700", "tmpfs", str(folder)]
    return subprocess.run(["mount", *options], capture_output=True).returncode == 0


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC


def _no_big_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


def test_a_full_disk_means_not_accepted_and_not_sent(desk: Desk) -> None:
    with full_disk(desk) as limit:
        said = limited(desk, limit, *SEND)
    assert said.exit_code == ExitCode.UNUSABLE
    assert "The disk is full: the message was not accepted." in said.stderr or "The disk failed" in said.stderr
    assert "hint:  " in said.stderr
    assert desk.executed() == []


# -- streams


def test_a_reader_that_leaves_early_is_no_error(desk: Desk) -> None:
    said = desk.shell(
        "greenbot api --list | head -n 1; echo ${PIPESTATUS[0]}; greenbot api --list | true; echo ${PIPESTATUS[0]}"
    )
    assert said.stdout.splitlines()[-1] == str(int(ExitCode.BROKEN_PIPE))
    assert said.stderr == ""


@pytest.mark.parametrize("command", ["outbox list", "api --list", "--help", "send text --help", "help", "--version"])
@pytest.mark.parametrize(
    "where, what", [(">&-", "The output is closed."), (">/dev/full", "No space left on the device.")]
)
def test_output_that_cannot_be_written_is_not_success(desk: Desk, command: str, where: str, what: str) -> None:
    if command == "outbox list":
        desk.here(*SEND).ok()
    said = desk.shell(f"greenbot {command} {where}")
    refused(said, ExitCode.UNUSABLE, what, "")


@pytest.mark.parametrize(
    "where, words",
    [
        (">&-", "The message was sent, but the result could not be printed: Bad file descriptor."),
        (">/dev/full", "The message was sent, but the result could not be printed: No space left on device."),
        (">&- 2>&-", ""),
        (">/dev/full 2>/dev/full", ""),
        ("2>&-", ""),
        ("<&-", ""),
        ("<&- >&- 2>&-", ""),
        ("| true", ""),
    ],
)
def test_a_message_that_was_sent_stays_a_success_whatever_the_streams(desk: Desk, where: str, words: str) -> None:
    said = desk.shell(f"greenbot send text {NUMBER} 'Good morning' {where}; exit ${{PIPESTATUS[0]}}")
    assert said.exit_code == 0, said
    assert words in said.stderr
    assert "Traceback" not in said.stderr
    assert len(desk.executed()) == 1
    assert desk.here("outbox", "list", "--json").ok().json["state"] in ("accepted", "sent", "delivered", "read")


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_an_error_nobody_can_read_keeps_its_exit_code(desk: Desk, where: str) -> None:
    assert desk.shell(f"greenbot send text 12 hi {where}").exit_code == ExitCode.USAGE


def test_a_text_from_a_closed_stdin(desk: Desk) -> None:
    said = desk.shell(f"greenbot send text {NUMBER} - <&-")
    refused(said, ExitCode.USAGE, "There is no text.", "or pipe it in")


def test_a_list_from_a_closed_stdin(desk: Desk) -> None:
    said = desk.shell("greenbot send text - hi <&-")
    refused(said, ExitCode.USAGE, "nothing is piped in", "< numbers.txt")


def test_a_folder_that_is_gone(desk: Desk) -> None:
    said = desk.shell(f"mkdir gone && cd gone && rmdir ../gone && greenbot send text {NUMBER} hi")
    assert said.ok().stdout.startswith("id\t1\n")

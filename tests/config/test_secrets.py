"""Where tokens are read from, who else may read them, and that they show up nowhere."""

import os
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from greenbot.config.paths import make_private_dir
from greenbot.config.secrets import from_command, read_secret_file, write_secret
from greenbot.errors import ConfigError, TokenMissing, UnsafePermissions
from greenbot.redact import Secret, redact
from tests.config.conftest import GRAND, Home

NOBODY = 65534


@pytest.fixture
def give_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Make a file somebody else's: really as root, else by taking another number for ourselves."""

    def give(path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        else:
            number = os.geteuid() + 1
            monkeypatch.setattr(os, "geteuid", lambda: number)

    return give


def _token(home: Home, line: str = "", **environ: str) -> str:
    home.write("config", GRAND + line + "\n")
    return home.load(**environ).instance().token().reveal()


@pytest.mark.parametrize(
    "mode, refused",
    [
        (0o600, False),
        (0o400, False),
        (0o700, False),
        (0o640, True),
        (0o620, True),
        (0o610, True),
        (0o604, True),
        (0o602, True),
        (0o601, True),
        (0o644, True),
        (0o666, True),
    ],
    ids=oct,
)
def test_a_secret_file_is_for_its_owner_alone(home: Home, mode: int, refused: bool) -> None:
    path = home.secret("grand-kyiv.token", mode=mode)
    if not refused:
        assert _token(home) == "t0ken-of-the-grand"
        return
    with pytest.raises(
        UnsafePermissions, match=f"Others can read the secret file {path} \\(mode {mode:04o}\\)"
    ) as caught:
        _token(home)
    assert caught.value.hint == f"Run: chmod 600 {path}"
    assert "t0ken" not in str(caught.value)


def test_a_secret_file_is_not_a_link(home: Home) -> None:
    real = home.secret("elsewhere")
    (real.parent / "grand-kyiv.token").symlink_to(real)
    with pytest.raises(UnsafePermissions, match="is a symbolic link"):
        _token(home)


def test_a_dangling_link_is_not_taken_for_a_missing_file(home: Home) -> None:
    folder = home.secret("other").parent
    (folder / "grand-kyiv.token").symlink_to(folder / "nothing")
    with pytest.raises(UnsafePermissions, match="is a symbolic link"):
        _token(home)


def test_a_secret_file_of_somebody_else_is_refused(home: Home, give_away: Callable[[Path], None]) -> None:
    home.write("config", GRAND)
    one = home.load().instance()
    give_away(home.secret("grand-kyiv.token"))
    with pytest.raises(UnsafePermissions, match="belongs to somebody else"):
        one.token()


@pytest.mark.parametrize("file", ["config", "project", "system"])
def test_a_configuration_of_somebody_else_is_refused(home: Home, give_away: Callable[[Path], None], file: str) -> None:
    give_away(home.write(file, ""))
    with pytest.raises(UnsafePermissions, match="belongs to somebody else"):
        home.load()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, give_away: Callable[[Path], None]) -> None:
    give_away(tmp_path)
    with pytest.raises(UnsafePermissions, match="belongs to somebody else"):
        make_private_dir(tmp_path)


def test_a_pipe_or_a_folder_in_place_of_a_secret_is_refused_at_once(home: Home) -> None:
    folder = home.secret("other").parent
    os.mkfifo(folder / "grand-kyiv.token", 0o600)
    with pytest.raises(UnsafePermissions, match="is not a plain file"):
        _token(home)
    (folder / "grand-kyiv.token").unlink()
    (folder / "grand-kyiv.token").mkdir()
    with pytest.raises(UnsafePermissions, match="is not a plain file"):
        _token(home)


@pytest.mark.parametrize(
    "content, error, what",
    [
        ("", TokenMissing, "token of grand-kyiv is empty"),
        (" \n", TokenMissing, "token of grand-kyiv is empty"),
        ("two words-c4n4ry\n", ConfigError, "not one word"),
        ("first-line-c4n4ry\nsecond\n", ConfigError, "not one word"),
        ("t\u043eken-c4n4ry\n", ConfigError, "not one word"),
        ("esc\x1b[2J-c4n4ry\n", ConfigError, "not one word"),
        ("x" * 5000 + "-c4n4ry", ConfigError, "not one word"),
    ],
)
def test_what_is_not_one_word_is_no_token(home: Home, content: str, error: type[Exception], what: str) -> None:
    home.secret("grand-kyiv.token", content)
    with pytest.raises(error, match=what) as caught:
        _token(home)
    assert "c4n4ry" not in str(caught.value)


def test_a_missing_token_says_how_to_store_it(home: Home) -> None:
    with pytest.raises(
        TokenMissing, match=r"There is no token of grand-kyiv: nothing in file .*grand-kyiv\.token"
    ) as caught:
        _token(home)
    assert caught.value.hint == "Store it with: greenbot instances edit grand-kyiv --token-stdin"


def test_loading_reads_no_secret(home: Home) -> None:
    home.secret("grand-kyiv.token", mode=0o666)
    home.write("config", GRAND)
    assert home.load().instance().name == "grand-kyiv"


def test_a_token_is_read_once_and_masked_from_then_on(home: Home) -> None:
    path = home.secret("grand-kyiv.token", "read-once-c4n4ry\n")
    home.write("config", GRAND)
    one = home.load().instance()
    first = one.token()
    path.unlink()
    assert one.token() is first
    assert "read-once-c4n4ry" not in f"{first} {one!r} " + redact("/waInstance1/x/read-once-c4n4ry")


def test_a_token_file_may_be_elsewhere(home: Home) -> None:
    home.secret("other.token", "beside-the-file\n")
    assert _token(home, 'token_file = "secrets/other.token"') == "beside-the-file"
    absolute = home.root / "home" / "secrets" / "other.token"
    assert _token(home, f'token_file = "{absolute}"') == "beside-the-file"
    with pytest.raises(TokenMissing, match="nope"):
        _token(home, 'token_file = "secrets/nope"')


def test_a_token_may_be_in_a_variable(home: Home) -> None:
    assert _token(home, 'token_env = "GRAND_TOKEN"', GRAND_TOKEN="from-the-variable") == "from-the-variable"
    with pytest.raises(TokenMissing, match="environment GRAND_TOKEN") as caught:
        _token(home, 'token_env = "GRAND_TOKEN"')
    assert caught.value.hint == "Set GRAND_TOKEN."


def test_a_systemd_credential_comes_before_greenbots_own_file(home: Home) -> None:
    home.secret("grand-kyiv.token", "own-file-token\n")
    folder = home.root / "credentials"
    folder.mkdir()
    assert _token(home, CREDENTIALS_DIRECTORY=str(folder)) == "own-file-token"
    (folder / "grand-kyiv.token").write_text("credential-token")
    (folder / "grand-kyiv.token").chmod(0o400)
    assert _token(home, CREDENTIALS_DIRECTORY=str(folder)) == "credential-token"


def _command(code: str) -> str:
    return f'token_command = ["{sys.executable}", "-c", "{code}"]'


def test_a_token_may_be_printed_by_a_program(home: Home) -> None:
    assert _token(home, _command("print('from-the-program')")) == "from-the-program"


def test_the_program_runs_without_a_shell_and_without_our_secrets(home: Home) -> None:
    code = "import os; print('seen' if 'GREEN_API_WEBHOOK_SECRET' in os.environ else '$HOME;id')"
    assert _token(home, _command(code), GREEN_API_WEBHOOK_SECRET="s3cret-of-relay") == "$HOME;id"


@pytest.mark.parametrize(
    "line, what",
    [
        (_command("import sys; sys.exit('c4n4ry on stderr')"), "ended with status 1"),
        (_command("pass"), "is empty"),
        ('token_command = ["/nonexistent/program"]', "cannot be started: No such file"),
        ('token_command = ["/etc"]', "cannot be started"),
    ],
)
def test_a_program_that_fails_is_named_and_not_quoted(
    home: Home, capfd: pytest.CaptureFixture[str], line: str, what: str
) -> None:
    with pytest.raises(TokenMissing, match=what) as caught:
        _token(home, line)
    assert "c4n4ry" not in str(caught.value) + "".join(capfd.readouterr())


def test_a_program_that_hangs_is_stopped() -> None:
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    source = from_command(argv, os.environ, label="token", timeout_seconds=0.2)
    with pytest.raises(TokenMissing, match=r"did not finish within 0\.2 seconds"):
        source()


def _fake_keyring(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    class KeyringError(Exception):
        pass

    def get_password(service: str, user: str) -> object:
        if answer is KeyringError:
            raise KeyringError("no backend")
        return answer(service, user) if callable(answer) else answer

    if answer == "broken":
        answer = KeyringError
    errors = types.ModuleType("keyring.errors")
    module = types.ModuleType("keyring")
    vars(errors)["KeyringError"] = KeyringError
    vars(module).update(get_password=get_password, errors=errors)
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


def test_a_token_may_be_in_the_keyring(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_keyring(monkeypatch, lambda service, user: f"{service}+{user}")
    assert _token(home, 'token_keyring = "greenbot"') == "greenbot+grand-kyiv.token"


def test_a_keyring_that_knows_nothing_or_does_not_open_says_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_keyring(monkeypatch, None)
    with pytest.raises(TokenMissing) as missing:
        _token(home, 'token_keyring = "greenbot"')
    assert missing.value.hint == "Store it with: keyring set greenbot grand-kyiv.token"
    _fake_keyring(monkeypatch, "broken")
    with pytest.raises(ConfigError, match="The keyring cannot be opened"):
        _token(home, 'token_keyring = "greenbot"')


def test_without_the_extra_the_keyring_error_says_what_to_install(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match="not installed") as caught:
        _token(home, 'token_keyring = "greenbot"')
    assert caught.value.hint == "Install it with: pip install 'greenbot[keyring]'"


def test_two_webhook_tokens_are_valid_while_one_replaces_the_other(home: Home) -> None:
    home.write("config", GRAND)
    assert home.load().instance().webhook_tokens() == ()
    home.secret("grand-kyiv.webhook-token", "hook-new-1\n")
    home.secret("grand-kyiv.webhook-token-previous", "hook-old-1\n")
    assert [token.reveal() for token in home.load().instance().webhook_tokens()] == ["hook-new-1", "hook-old-1"]


def test_a_written_secret_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "new" / "secrets" / "a.token"
        write_secret(path, Secret("written-token\n"))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700
    assert read_secret_file(path) == "written-token\n"
    assert [file.name for file in path.parent.iterdir()] == ["a.token"]


def test_writing_over_a_link_replaces_the_link_not_its_target(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("untouched")
    (tmp_path / "secrets").mkdir(0o700)
    path = tmp_path / "secrets" / "a.token"
    path.symlink_to(target)
    write_secret(path, Secret("written-token"))
    assert target.read_text() == "untouched"
    assert read_secret_file(path) == "written-token\n"


def test_an_empty_secret_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(TokenMissing):
        write_secret(tmp_path / "s" / "a.token", Secret("  "))
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("mode, refused", [(0o700, False), (0o755, False), (0o770, True), (0o777, True)], ids=oct)
def test_a_folder_others_can_write_into_is_refused(tmp_path: Path, mode: int, refused: bool) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(mode)
    if refused:
        with pytest.raises(UnsafePermissions, match="Others may write into the folder"):
            make_private_dir(folder)
    else:
        assert make_private_dir(folder) == folder


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigError, match=r"state is not a folder|cannot be created"):
        make_private_dir(tmp_path / "state")
    with pytest.raises(ConfigError, match="cannot be created: Not a directory"):
        make_private_dir(tmp_path / "state" / "run")

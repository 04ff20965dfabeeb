"""Every way to get a configuration wrong: the error names file, line and key and says what to write."""

import pytest

from greenbot.errors import ConfigError, ExitCode, UnsafePermissions
from greenbot.redact import redact
from tests.config.conftest import GRAND, Home

#: Stands in for a token somebody pasted into the wrong place.
PASTED = "d75b3a66374942c5b3c019c698abc2067e151558acbd4c4n4ry"


# what stands in the file, the line blamed, the key, what is wrong, what to write instead
TABLE = [
    # values of the wrong kind
    ('[api]\ntimeout_seconds = "fast"', 2, "api.timeout_seconds", 'from 1 to 180, not "fast"', "timeout_seconds = 30"),
    ("[api]\ntimeout_seconds = 0", 2, "api.timeout_seconds", "from 1 to 180, not 0", "timeout_seconds = 30"),
    ("[api]\ntimeout_seconds = nan", 2, "api.timeout_seconds", "not nan", "timeout_seconds = 30"),
    ("[api]\ntimeout_seconds = inf", 2, "api.timeout_seconds", "not inf", "timeout_seconds = 30"),
    ("[api]\ntimeout_seconds = true", 2, "api.timeout_seconds", "not True", "timeout_seconds = 30"),
    ("[api]\ntimeout_seconds = 2026-01-01", 2, "api.timeout_seconds", "not 2026-01-01", "timeout_seconds = 30"),
    ("[api]\n\nmax_retries = 3.5", 3, "api.max_retries", "a whole number from 0 to 10, not 3.5", "max_retries = 3"),
    ("[api]\nmax_retries = 11", 2, "api.max_retries", "from 0 to 10, not 11", "max_retries = 3"),
    ("[api]\nmax_retries = -1", 2, "api.max_retries", "not -1", "max_retries = 3"),
    ("[api]\nrate_limit_per_minute = 3001", 2, "api.rate_limit_per_minute", "1 to 3000", "rate_limit_per_minute = 60"),
    ("[api]\nrate_limit_per_second = 51", 2, "api.rate_limit_per_second", "0.01 to 50", "rate_limit_per_second = 2"),
    ("[api]\nrate_limit_per_second = 0.0", 2, "api.rate_limit_per_second", "not 0", "rate_limit_per_second = 2"),
    ('[log]\ndetailed = "yes"', 2, "log.detailed", 'true or false, not "yes"', "detailed = false"),
    ("[log]\nrequest_body = 1", 2, "log.request_body", "true or false, not 1", "request_body = false"),
    ('ambiguous_policy = "guess"', 1, "ambiguous_policy", "one of reconcile, hold, resend", 'ambiguous_policy = "rec'),
    ('timezone = "Kyiv"', 1, "timezone", 'not a known time zone: "Kyiv"', 'timezone = "Europe/Kyiv"'),
    ('timezone = "../../etc/passwd"', 1, "timezone", "not a known time zone", 'timezone = "Europe/Kyiv"'),
    ('timezone = "Europe"', 1, "timezone", "not a known time zone", 'timezone = "Europe/Kyiv"'),
    ("timezone = 2", 1, "timezone", "should be a time zone in quotes, not 2", 'timezone = "Europe/Kyiv"'),
    ('language = "English"', 1, "language", 'such as en or pt-BR, not "English"', 'language = "en"'),
    ('country_code = "0044"', 1, "country_code", "one to three digits", 'country_code = "380"'),
    ("country_code = true", 1, "country_code", "one to three digits", 'country_code = "380"'),
    ('default_instance = "grand-kiev"\n' + GRAND, 1, "default_instance", 'no instance: "grand-kiev"', "grand-kyiv?"),
    ('default_instance = "Grand"', 1, "default_instance", "small letters", 'default_instance = "grand-kyiv"'),
    ('database = "postgresql://ira@db/green"', 1, "database", "keeps its store in SQLite", "greenbot.db"),
    ('database = "data/x.db"', 1, "database", "a plain file name or an absolute path", "greenbot.db"),
    ('database = ""', 1, "database", "the path of a file", "greenbot.db"),
    # addresses
    ('[api]\nbase_url = "api.green-api.com"', 2, "api.base_url", "begins with https://", "https://api.green-api.com"),
    ('[api]\nbase_url = "http://api.green-api.com"', 2, "api.base_url", "could read the token", "https://"),
    ('[api]\nbase_url = "http://127.0.0.1.evil.example"', 2, "api.base_url", "could read the token", "https://"),
    ('[api]\nbase_url = "http://localhost@evil.example"', 2, "api.base_url", "without a name or password", "https://"),
    ('[api]\nbase_url = "https://api.green-api.com/?x=1"', 2, "api.base_url", "no ?, no #", "https://"),
    ('[api]\nbase_url = "https://api.green-api.com:99999"', 2, "api.base_url", "is not an address", "https://"),
    ('[api]\nbase_url = "https://api.gr\u0435en-api.com"', 2, "api.base_url", "ASCII only", "https://"),
    ('[api]\nbase_url = "ftp://api.green-api.com"', 2, "api.base_url", "begins with https://", "https://"),
    ('[api]\nbase_url = "https://[::1"', 2, "api.base_url", "is not an address", "https://"),
    ("[api]\nbase_url = 7", 2, "api.base_url", "should be an address in quotes, not 7", "https://"),
    # instances
    ("[instances.grand-kyiv]\ntags = []", 1, "instances.grand-kyiv", "has no id", 'id = "1101000001"'),
    ("[instances.grand-kyiv]", 1, "instances.grand-kyiv", "has no id", 'id = "1101000001"'),
    ('[instances.a]\nid = "11 01"', 2, "instances.a.id", "digits only", 'id = "1101000001"'),
    ("[instances.a]\nid = 1.5", 2, "instances.a.id", "digits only", 'id = "1101000001"'),
    (
        '[instances.a]\nid = "1"\n[instances.b]\nid = "1"',
        4,
        "instances.b.id",
        "also the id of a",
        "Keep one of a and b",
    ),
    ('[instances.Grand]\nid = "1"', 1, "instances.Grand", "small letters", "[instances.NAME]"),
    ('[instances."../x"]\nid = "1"', 1, "instances.../x", "small letters", "[instances.NAME]"),
    ('[instances.all]\nid = "1"', 1, "instances.all", "not the word all", "[instances.NAME]"),
    ('[[instances]]\nid = "1"', 1, "instances", "one section for each instance", "[instances.NAME]"),
    ('instances.a = "1"', 1, "instances.a", "should be the section of an instance", "[instances.NAME]"),
    (GRAND + 'tags = "coast"', 3, "instances.grand-kyiv.tags", 'a list in [ ], not "coast"', 'tags = ["coast"]'),
    (GRAND + 'tags = ["Coast"]', 3, "instances.grand-kyiv.tags", 'not "Coast"', 'tags = ["coast"]'),
    (GRAND + 'timezone = "Nowhere/At"', 3, "instances.grand-kyiv.timezone", "not a known time zone", "Europe/Kyiv"),
    # secrets and their sources
    (GRAND + f'token = "{PASTED}"', 3, "instances.grand-kyiv.token", "is a secret", "edit grand-kyiv --token-stdin"),
    (
        GRAND + f'apiTokenInstance = "{PASTED}"',
        3,
        "instances.grand-kyiv.apiTokenInstance",
        "is a secret",
        "--token-stdin",
    ),
    (f'[webhook]\nsecret = "{PASTED}"', 2, "webhook.secret", "is a secret", 'secret_file = "FILE"'),
    (GRAND + f'token_env = "{PASTED}-"', 3, "instances.grand-kyiv.token_env", "never the secret itself", "_TOKEN"),
    (f'[instances.a]\nid = "{PASTED}"', 2, "instances.a.id", "digits only", 'id = "1101000001"'),
    (f'token = "{PASTED}"', 1, "token", "is a secret", "greenbot instances edit NAME --token-stdin"),
    (
        GRAND + 'token_env = "A"\ntoken_file = "b"',
        3,
        "instances.grand-kyiv.token",
        "token_file and token_env",
        "Keep one",
    ),
    (
        GRAND + 'token_command = "pass show x"',
        3,
        "instances.grand-kyiv.token_command",
        "a list: the program",
        '["pass"',
    ),
    (GRAND + "token_command = []", 3, "instances.grand-kyiv.token_command", "a list: the program", '["pass"'),
    (GRAND + 'token_command = ["pass", 1]', 3, "instances.grand-kyiv.token_command", "all in quotes", '["pass"'),
    (GRAND + 'token_file = ""', 3, "instances.grand-kyiv.token_file", "the path of a file", 'token_file = "'),
    (GRAND + "token_keyring = true", 3, "instances.grand-kyiv.token_keyring", "the service name", 'token_keyring = "'),
    # names nobody knows
    ("[api]\ntimeout_secs = 3", 2, "api.timeout_secs", "is not a setting", "Did you mean timeout_seconds?"),
    ("[api]\ntimeout = 3", 2, "api.timeout", "is not a setting", "Did you mean timeout_seconds?"),
    ("timeout_seconds = 3", 1, "timeout_seconds", "is not a setting", "It belongs under [api]."),
    ('tags = ["a"]', 1, "tags", "is not a setting", "It belongs under [instances.NAME]."),
    ('[apis]\nbase_url = "x"', 1, "apis", "is not a setting", "Did you mean api?"),
    (GRAND + "idInstance = 5", 3, "instances.grand-kyiv.idInstance", "is not a setting", "Did you mean id?"),
    (GRAND + 'apiUrl = "https://x"', 3, "instances.grand-kyiv.apiUrl", "is not a setting", "Did you mean api_url?"),
    (GRAND + '"a.b" = 1', 3, "instances.grand-kyiv.a.b", "is not a setting", "Remove the line"),
    (GRAND + "[instances.grand-kyiv.log]\nx = 1", 3, "instances.grand-kyiv.log", "is not a setting", "Remove the line"),
    ("colour = 'red'", 1, "colour", "is not a setting", "Remove the line"),
    ("api = 3", 1, "api", "is a section, not a value", "Write [api]"),
    ("log = []", 1, "log", "is a section, not a value", "Write [log]"),
]


@pytest.mark.parametrize("text, line, key, what, write", TABLE, ids=[f"{row[2]}: {row[3]}" for row in TABLE])
def test_the_error_names_file_line_key_and_remedy(
    home: Home, text: str, line: int, key: str, what: str, write: str
) -> None:
    home.write("config", text + "\n")
    with pytest.raises(ConfigError) as caught:
        home.load()
    error = caught.value
    assert str(error).startswith(f"{home.config}, line {line}: {key} ")
    assert what in str(error)
    assert write in (error.hint or "")
    assert error.exit_code == ExitCode.UNUSABLE
    assert PASTED not in f"{error} {error.hint}"


@pytest.mark.parametrize(
    "text, line, what",
    [
        ("timezone = Europe/Kyiv", 1, "Invalid"),
        ("[api\ntimeout_seconds = 3", 1, "Expected"),
        ("[api]\ntimeout_seconds 3", 2, "Expected '='"),
        ("[api]\nmax_retries = 1\nmax_retries = 2", 3, "Cannot overwrite"),
        ("[api]\n[log]\n[api]", 3, "Cannot declare"),
        ("a = 1\nlanguage = 'en", 2, "Expected"),
        ("[instances.grand kyiv]\nid = '1'", 1, "Expected"),
        ("language = 'en'\n# \x00", 2, "Illegal character|invalid character"),
        ("a = 2026-13-45", 1, "Expected"),
        ("a = [1,\n", 1, "Invalid"),
    ],
)
def test_a_file_that_is_not_toml_names_the_line(home: Home, text: str, line: int, what: str) -> None:
    home.write("config", text)
    with pytest.raises(ConfigError, match=what) as caught:
        home.load()
    assert str(caught.value).startswith(f"{home.config}, line {line}: ")
    assert "in quotes" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "content, what",
    [
        (b"language = 'en'\n# caf\xe9\n", "line 2: this is not UTF-8"),
        ("language = 'en'".encode("utf-16"), "line 1: this is not UTF-8"),
        (b"a = " + b"[" * 5000, "too deep|Invalid"),
        (b"a = " + b"9" * 5000, "too long|not a setting"),
        (b"#" * (1024 * 1024 + 1), "larger than 1 MiB"),
    ],
)
def test_a_file_that_is_hardly_text_is_refused(home: Home, content: bytes, what: str) -> None:
    home.write("config", content)
    with pytest.raises(ConfigError, match=what):
        home.load()


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(home: Home) -> None:
    home.write("config", b"\xef\xbb\xbflanguage = 'uk'\r\n[api]\r\nmax_retries = 1\r\n")
    settings = home.load()
    assert (settings.language, settings.api.max_retries) == ("uk", 1)
    assert settings.origins["api.max_retries"].line == 3


@pytest.mark.parametrize(
    "name, value, key, what",
    [
        ("GREEN_API_TIMEOUT", "soon", "api.timeout_seconds", 'from 1 to 180, not "soon"'),
        ("GREEN_API_TIMEOUT", "1e400", "api.timeout_seconds", "from 1 to 180"),
        ("GREEN_API_MAX_RETRIES", "3.0", "api.max_retries", "a whole number"),
        ("GREEN_API_RATE_LIMIT_PER_MINUTE", "0", "api.rate_limit_per_minute", "from 1 to 3000"),
        ("GREEN_API_BASE_URL", "http://api.green-api.com", "api.base_url", "could read the token"),
        ("GREEN_API_ENABLE_DETAILED_LOGGING", "maybe", "log.detailed", "true or false"),
        ("GREEN_API_INSTANCE_ID", "eleven", "instances.default.id", "digits only"),
        ("GREENBOT_INSTANCE", "No Such", "default_instance", "small letters"),
    ],
)
def test_a_bad_variable_is_named(home: Home, name: str, value: str, key: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        home.load(**{name: value})
    assert str(caught.value).startswith(f"environment {name}: {key} ")
    assert what in str(caught.value)
    assert (caught.value.hint or "").startswith("For example: ")


@pytest.mark.parametrize(
    "line",
    [
        'token_command = ["/tmp/evil"]',
        'token_file = "/tmp/evil"',
        'token_env = "HOME"',
        'token_keyring = "x"',
        'webhook_token_command = ["/tmp/evil"]',
        'webhook_token_previous_env = "X"',
        'api_url = "https://evil.example"',
        'media_url = "https://evil.example"',
    ],
)
def test_a_project_file_cannot_send_tokens_elsewhere(home: Home, line: str) -> None:
    home.write("config", GRAND)
    home.write("project", f"[instances.grand-kyiv]\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        home.load()
    key = f"instances.grand-kyiv.{line.split(maxsplit=1)[0]}"
    assert str(caught.value).startswith(f"{home.project}, line 2: {key} may not be set by a project file")
    assert "greenbot config path" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text, key",
    [
        ('[api]\nbase_url = "https://evil.example"', "api.base_url"),
        ('[api]\npartner_url = "https://evil.example"', "api.partner_url"),
        ('[api]\npartner_token_command = ["x"]', "api.partner_token_command"),
        ('[webhook]\nsecret_env = "HOME"', "webhook.secret_env"),
        ('# line\ndatabase = "/home/ira/photos.db"', "database"),
    ],
)
def test_a_project_file_cannot_move_what_is_everybodys(home: Home, text: str, key: str) -> None:
    home.write("project", text)
    with pytest.raises(ConfigError) as caught:
        home.load()
    assert str(caught.value).startswith(f"{home.project}, line 2: {key} may not be set by a project file")


def test_validation_tells_everything_that_is_wrong(home: Home) -> None:
    home.write("config", '[api]\nmax_retries = 99\ncolour = 1\n[instances.a]\ntoken_env = "X"\ntoken_file = "y"\n')
    home.write("project", 'database = "x"\n')
    found = home.problems(GREEN_API_TIMEOUT="soon")
    keys = ["database", "api.max_retries", "api.colour", "instances.a", "instances.a.token"]
    assert [text.split(": ")[0].rpartition(", ")[2] for text in found] == [
        "environment GREEN_API_TIMEOUT", "line 1", "line 2", "line 3", "line 4", "line 5",
    ]  # fmt: skip
    assert all(f": {key} " in text for key, text in zip(keys, found[1:], strict=True))
    home.write("config", GRAND)
    home.write("project", "")
    assert home.problems() == []


def test_a_pasted_token_is_masked_in_everything_printed_afterwards(home: Home) -> None:
    home.write("config", GRAND + 'token = "another-token-pasted"\n')
    with pytest.raises(ConfigError):
        home.load()
    assert "another-token-pasted" not in redact("GET /x/another-token-pasted")


@pytest.mark.parametrize("file", ["config", "project", "system"])
@pytest.mark.parametrize(
    "mode, refused",
    [(0o600, False), (0o644, False), (0o640, False), (0o664, True), (0o620, True), (0o602, True), (0o666, True)],
    ids=oct,
)
def test_a_file_others_can_write_is_refused(home: Home, file: str, mode: int, refused: bool) -> None:
    path = home.write(file, "language = 'uk'\n", mode=mode)
    if not refused:
        assert home.load().language == "uk"
        return
    with pytest.raises(UnsafePermissions, match=f"Others may write to {path}") as caught:
        home.load()
    assert caught.value.hint == f"Run: chmod go-w {path}"


def test_a_configuration_may_be_a_link_to_a_safe_file(home: Home) -> None:
    real = home.root / "dotfiles.toml"
    real.write_text("language = 'uk'\n")
    home.config.symlink_to(real)
    assert home.load().language == "uk"
    real.chmod(0o666)
    with pytest.raises(UnsafePermissions):
        home.load()


def test_a_folder_or_a_pipe_in_place_of_the_file_is_refused_at_once(home: Home) -> None:
    import os

    os.mkfifo(home.config)
    with pytest.raises(ConfigError, match="is not a file"):
        home.load()
    home.config.unlink()
    home.config.mkdir()
    with pytest.raises(ConfigError, match="is not a file"):
        home.load()

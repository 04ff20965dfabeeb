"""Which source wins, and what the winner is remembered as."""

from pathlib import Path

import pytest

from greenbot.config.listing import row, rows
from greenbot.config.paths import find_paths
from greenbot.config.resolve import media_url_for
from greenbot.errors import BadConfigValue, ConfigError, UnknownInstance, UsageError
from tests.config.conftest import GRAND, Home

SOURCES = ("flag", "environment", "project file", "user file", "system file", "default")


def _say(home: Home, source: str, seconds: int, overrides: dict[str, str]) -> None:
    text = f"[api]\ntimeout_seconds = {seconds}\n"
    if source == "flag":
        overrides["api.timeout_seconds"] = str(seconds)
    elif source == "environment":
        home.environ["GREEN_API_TIMEOUT"] = str(seconds)
    elif source != "default":
        home.write({"project file": "project", "user file": "config", "system file": "system"}[source], text)


@pytest.mark.parametrize("strongest", range(len(SOURCES)), ids=SOURCES)
def test_the_strongest_source_wins(home: Home, strongest: int) -> None:
    overrides: dict[str, str] = {}
    for place, source in enumerate(SOURCES):
        if place >= strongest:
            _say(home, source, 41 + place, overrides)
    settings = home.load(overrides)
    expected = 30 if SOURCES[strongest] == "default" else 41 + strongest
    assert settings.api.timeout_seconds == expected
    assert settings.origins["api.timeout_seconds"].kind == SOURCES[strongest]


# What is said for one instance, what in general, and which limit per minute holds.
@pytest.mark.parametrize(
    "config, system, environ, limit",
    [
        ("", "", "", 60),
        ("[api]\nrate_limit_per_minute = 50\n", "", "", 50),
        (GRAND + "rate_limit_per_minute = 20\n[api]\nrate_limit_per_minute = 50\n", "", "", 20),
        # in files the instance beats the general value, wherever each stands
        ("[api]\nrate_limit_per_minute = 50\n", GRAND + "rate_limit_per_minute = 20\n", "", 20),
        # what a person says now beats every file
        (GRAND + "rate_limit_per_minute = 20\n", "", "40", 40),
    ],
)
def test_an_instance_may_have_its_own_value(home: Home, config: str, system: str, environ: str, limit: int) -> None:
    home.write("config", config if "[instances" in config else config + GRAND)
    home.write("system", system)
    settings = home.load(GREEN_API_RATE_LIMIT_PER_MINUTE=environ)
    assert settings.instance().rate_limit_per_minute == limit


@pytest.mark.parametrize(
    "name, value, read",
    [
        ("GREEN_API_BASE_URL", "https://api.greenapi.com/", lambda s: s.api.base_url == "https://api.greenapi.com"),
        (
            "GREEN_API_MEDIA_URL",
            "https://media.greenapi.com",
            lambda s: s.api.media_url == "https://media.greenapi.com",
        ),
        ("GREEN_API_PARTNER_URL", "https://partner.example", lambda s: s.api.partner_url == "https://partner.example"),
        ("GREEN_API_TIMEOUT", "12.5", lambda s: s.api.timeout_seconds == 12.5),
        ("GREEN_API_MAX_RETRIES", "0", lambda s: s.api.max_retries == 0),
        ("GREEN_API_RATE_LIMIT_PER_MINUTE", "10", lambda s: s.instance().rate_limit_per_minute == 10),
        ("GREEN_API_RATE_LIMIT_PER_SECOND", "0.5", lambda s: s.instance().rate_limit_per_second == 0.5),
        ("GREEN_API_WEBHOOK_SECRET", "s3cret-of-relay", lambda s: s.webhook_secret().reveal() == "s3cret-of-relay"),
        ("GREEN_API_PARTNER_TOKEN", "gac.partner1", lambda s: s.partner_token().reveal() == "gac.partner1"),
        ("GREEN_API_ENABLE_DETAILED_LOGGING", "true", lambda s: s.log.detailed and s.instance().log.detailed),
        ("GREEN_API_LOG_REQUEST_BODY", "1", lambda s: s.log.request_body),
        ("GREEN_API_LOG_RESPONSE_BODY", "ON", lambda s: s.log.response_body),
        ("GREENBOT_INSTANCE", "grand-kyiv", lambda s: s.default_instance == "grand-kyiv"),
    ],
)
def test_each_environment_name_works(home: Home, name: str, value: str, read: object) -> None:
    home.write("config", GRAND)
    assert callable(read)
    assert read(home.load(**{name: value}))
    assert home.load(**{name: " "}) is not None, "an empty variable counts as unset"


def test_three_variables_make_an_unnamed_instance(home: Home) -> None:
    settings = home.load(GREEN_API_INSTANCE_ID="1101", GREEN_API_TOKEN="abcdef123", GREEN_API_WEBHOOK_TOKEN="hook-123")
    one = settings.instance()
    assert (one.name, one.id, one.token().reveal()) == ("default", "1101", "abcdef123")
    assert [token.reveal() for token in one.webhook_tokens()] == ["hook-123"]


def test_the_unnamed_instance_is_the_one_a_file_gives_that_id(home: Home) -> None:
    home.write("config", GRAND + '[instances.sea]\nid = "22"\n')
    settings = home.load(GREEN_API_INSTANCE_ID="22", GREEN_API_TOKEN="abcdef123")
    assert list(settings.instances) == ["grand-kyiv", "sea"]
    assert settings.instance().name == "sea"
    assert settings.instance().token().reveal() == "abcdef123"


def test_a_token_alone_in_the_environment_belongs_to_nobody(home: Home) -> None:
    with pytest.raises(UsageError, match="No instance is configured"):
        home.load(GREEN_API_TOKEN="abcdef123").instance()


@pytest.mark.parametrize(
    "api_url, media_url",
    [
        ("https://api.green-api.com", "https://media.green-api.com"),
        ("https://7105.api.greenapi.com", "https://7105.media.greenapi.com"),
        ("https://1101.api.green-api.com/v1", "https://1101.media.green-api.com/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://gateway.api.hotel.example", "https://gateway.media.hotel.example"),
        ("https://hotel.example/api.x", "https://hotel.example/api.x"),
    ],
)
def test_uploads_go_to_the_host_beside_the_api(api_url: str, media_url: str) -> None:
    assert media_url_for(api_url) == media_url


def test_uploads_follow_an_address_that_was_said_more_strongly(home: Home) -> None:
    """A simulator's address in the environment must not leave uploads going to the real host."""
    home.write("config", GRAND + 'media_url = "https://1101.media.green-api.com"\n')
    one = home.load(GREEN_API_BASE_URL="http://127.0.0.1:9").instance()
    assert (one.api_url, one.media_url) == ("http://127.0.0.1:9", "http://127.0.0.1:9")


def test_an_instance_with_its_own_address_uploads_beside_it(home: Home) -> None:
    config = '[api]\nmedia_url = "https://media.example"\n' + GRAND + 'api_url = "https://7105.api.greenapi.com"\n'
    home.write("config", config)
    settings = home.load()
    assert settings.instance().media_url == "https://7105.media.greenapi.com"
    assert settings.origins["instances.grand-kyiv.media_url"].kind == "derived"
    assert settings.api.media_url == "https://media.example"


def test_the_project_file_is_found_above_the_working_folder(home: Home) -> None:
    home.write("config", GRAND + '[instances.sea]\nid = "22"\n')
    home.write("project", 'default_instance = "sea"\n[instances.sea]\ntags = ["coast"]\n')
    settings = home.load()
    assert settings.instance().name == "sea"
    assert settings.instance().tags == ("coast",)
    assert settings.files == (home.project, home.config)


def test_the_search_for_a_project_file_ends_at_home(home: Home) -> None:
    (home.root / ".greenbot.toml").write_text("timezone = 'Europe/Kyiv'\n")
    assert home.load().timezone == "Europe/Kyiv"
    home.environ["HOME"] = str(home.cwd)
    assert home.load().timezone == "UTC"


def test_greenbot_config_names_another_file_and_it_must_exist(home: Home) -> None:
    other = home.root / "other.toml"
    with pytest.raises(ConfigError, match="There is no configuration file"):
        home.load(GREENBOT_CONFIG=str(other))
    other.write_text("language = 'uk'\n")
    assert home.load(GREENBOT_CONFIG=str(other)).language == "uk"
    assert home.load(GREENBOT_CONFIG="../../other.toml").language == "uk"


def test_flags_are_checked_like_everything_else(home: Home) -> None:
    with pytest.raises(BadConfigValue, match=r"api\.timeout_seconds should be a number from 1 to 180"):
        home.load({"api.timeout_seconds": "soon"})
    with pytest.raises(UsageError, match=r"There is no setting api\.colour"):
        home.load({"api.colour": "red"})
    with pytest.raises(UsageError, match=r"There is no setting instances\.a\.token"):
        home.load({"instances.a.token": "x"})


def test_a_list_of_settings_says_where_each_comes_from(home: Home) -> None:
    home.write("config", "\n[api]\n\nmax_retries = 1\n" + GRAND)
    found = {one.key: one for one in rows(home.load(GREEN_API_TIMEOUT="9"))}
    retries, timeout = found["api.max_retries"], found["api.timeout_seconds"]
    assert (retries.value, retries.origin, retries.file, retries.line) == ("1", "user file", home.config, 4)
    assert (timeout.value, timeout.origin, timeout.name) == ("9", "environment", "GREEN_API_TIMEOUT")
    assert found["language"].origin == "default"


def test_a_list_of_settings_shows_no_secret(home: Home) -> None:
    home.write("config", GRAND + 'token_command = ["echo", "an-argument-that-is-secret"]\n')
    listed = " ".join(str(one) for one in rows(home.load(GREEN_API_WEBHOOK_SECRET="s3cret-of-relay")))
    assert "an-argument-that-is-secret" not in listed
    assert "s3cret-of-relay" not in listed
    assert "environment GREEN_API_WEBHOOK_SECRET" in listed


def test_an_unknown_setting_is_named_with_a_suggestion(home: Home) -> None:
    with pytest.raises(UsageError, match=r"no setting api\.timeout") as caught:
        row(home.load(), "api.timeout")
    assert caught.value.hint == "Did you mean api.timeout_seconds?"


FLEET = """
[instances.grand-kyiv]
id = "1"
tags = ["city"]
[instances.grand-lviv]
id = "2"
[instances.sea]
id = "3"
tags = ["coast"]
"""


@pytest.mark.parametrize(
    "pattern, tag, names",
    [
        ("all", None, "grand-kyiv grand-lviv sea"),
        ("grand-*", None, "grand-kyiv grand-lviv"),
        ("sea", None, "sea"),
        (None, "coast", "sea"),
        ("grand-*", "city", "grand-kyiv"),
        ("s[e]a", None, "sea"),
    ],
)
def test_instances_are_selected_by_name_glob_and_tag(home: Home, pattern: str, tag: str, names: str) -> None:
    home.write("config", FLEET)
    assert " ".join(one.name for one in home.load().select(pattern, tag=tag)) == names


@pytest.mark.parametrize(
    "pattern, tag, error, words",
    [
        (None, None, UsageError, "Which instance\\? There are grand-kyiv, grand-lviv, sea"),
        ("grand", None, UnknownInstance, "no instance called 'grand'"),
        ("x*", None, UnknownInstance, "called like 'x\\*'"),
        (None, "hills", UnknownInstance, "No instance has the tag 'hills'"),
    ],
)
def test_a_selection_of_nothing_is_an_error(
    home: Home, pattern: str, tag: str, error: type[Exception], words: str
) -> None:
    home.write("config", FLEET)
    with pytest.raises(error, match=words):
        home.load().select(pattern, tag=tag)


def test_a_mistyped_instance_gets_a_suggestion(home: Home) -> None:
    home.write("config", FLEET)
    with pytest.raises(UnknownInstance) as caught:
        home.load().instance("grand-kiev")
    assert caught.value.hint == "Did you mean grand-kyiv?"


def test_all_state_lives_below_greenbot_home(home: Home) -> None:
    paths = home.load().paths
    places = [
        getattr(paths, name) for name in ("secrets_dir", "state_dir", "store_file", "spool_dir", "run_dir", "log_file")
    ]
    assert all(place.is_relative_to(home.root / "home") for place in [*places, paths.cache_dir, paths.config_file])


def test_without_greenbot_home_the_users_own_folders_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    paths = find_paths({}, cwd=tmp_path)
    assert paths.config_file.is_relative_to(tmp_path)
    assert paths.store_file.is_relative_to(tmp_path)
    assert not paths.config_file.exists()


def _unknown_user(number: int) -> None:
    raise KeyError(number)


def test_without_a_home_directory_the_advice_is_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", _unknown_user)
    with pytest.raises(ConfigError, match="no home directory") as caught:
        find_paths({}, cwd=tmp_path)
    assert caught.value.hint == "Set GREENBOT_HOME to a folder of your own."


@pytest.mark.parametrize(
    "text, place",
    [
        ("", "greenbot.db"),
        ('database = "other.db"', "other.db"),
        ('database = "/var/lib/hotel.db"', "/var/lib/hotel.db"),
    ],
)
def test_the_store_can_be_elsewhere(home: Home, text: str, place: str) -> None:
    home.write("config", text)
    assert home.load().paths.store_file == home.root / "home" / place

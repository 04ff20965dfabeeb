"""Changing the file: what a person wrote stays, what would not load is refused, secrets go elsewhere."""

import tomllib

import pytest

from greenbot.config import edit, toml_text
from greenbot.config.edit import (
    add_instance,
    change_text,
    edit_instance,
    init_file,
    remove_instance,
    replace_text,
    set_value,
    unset_value,
)
from greenbot.config.table import Value
from greenbot.errors import BadConfigValue, Busy, ConfigError, UnknownInstance, UsageError
from greenbot.redact import Secret
from tests.config.conftest import GRAND, Home

# before, path, value, after
SETTING = [
    ("", ("language",), "uk", 'language = "uk"\n'),
    ("[api]\n", ("api", "max_retries"), 1, "[api]\nmax_retries = 1\n"),
    ("", ("api", "max_retries"), 1, "[api]\nmax_retries = 1\n"),
    ("[log]\n", ("api", "max_retries"), 1, "[log]\n\n[api]\nmax_retries = 1\n"),
    # in place, with the comment beside it
    ("a = 1  # why\nb = 2\n", ("a",), 5, "a = 5  # why\nb = 2\n"),
    ("[api]\nx = 1 # one\n[log]\nx = 2 # two\n", ("log", "x"), 9, "[api]\nx = 1 # one\n[log]\nx = 9 # two\n"),
    ('"a" = 1\n', ("a",), 2, '"a" = 2\n'),
    # where the commented example stands
    ("# T\n#a = 1\n#b = 2\n", ("b",), 7, "# T\n#a = 1\nb = 7\n"),
    ("[api]\n# words\n#a = 1\n\n[log]\n#a = 3\n", ("log", "a"), 4, "[api]\n# words\n#a = 1\n\n[log]\na = 4\n"),
    # below the last setting of its section, not below the next section's comment
    ("[api]\na = 1\n\n# about the log\n[log]\n", ("api", "b"), 2, "[api]\na = 1\nb = 2\n\n# about the log\n[log]\n"),
    ("a = [\n 1,\n]\n\n[log]\n", ("b",), 2, "a = [\n 1,\n]\nb = 2\n\n[log]\n"),
    ("# only words\n[log]\nx = 1\n", ("b",), 2, "b = 2\n# only words\n[log]\nx = 1\n"),
    # a commented instance is not the section above it
    ("[log]\n#[instances.a]\n#x = 1\n", ("log", "x"), 2, "[log]\nx = 2\n#[instances.a]\n#x = 1\n"),
    # other ways to write a section
    ("api = { a = 1 }\n", ("api", "b"), 2, "api = { a = 1, b = 2}\n"),
    ("api.a = 1\n", ("api", "a"), 2, "api.a = 2\n"),
    # text that only looks like a setting
    ('[api]\nt = """\n#b = 1\n"""\n', ("api", "b"), 2, '[api]\nt = """\n#b = 1\n"""\nb = 2\n'),
    ("[a]\nx = 1", ("a", "y"), ("k", "l"), '[a]\nx = 1\ny = ["k", "l"]'),
    ("", ("s",), 'quote " back \\ line \n tab \t del \x7f', None),
]


@pytest.mark.parametrize("before, path, value, after", SETTING)
def test_a_setting_is_written_where_a_person_would(
    before: str, path: tuple[str, ...], value: Value, after: str | None
) -> None:
    result = toml_text.with_value(before, path, value)
    if after is not None:
        assert result == after
    found: object = tomllib.loads(result)
    for key in path:
        assert isinstance(found, dict)
        found = found[key]
    assert (tuple(found) if isinstance(found, list) else found) == value


REMOVING = [
    ("a = 1  # why\nb = 2\n", ("a",), "b = 2\n"),
    ("# about a\na = 1\n# about b\nb = 2\n", ("a",), "# about a\n# about b\nb = 2\n"),
    ("[x.a]\nk = 1\n\n[x.b]\nk = 2\n", ("x", "a"), "[x.b]\nk = 2\n"),
    ("[x.a]\nk = 1\n\n[x.b]\nk = 2 # two\n", ("x", "b"), "[x.a]\nk = 1\n\n"),
    ("x = { a = 1, b = 2 }\n", ("x", "a"), None),
    ("a = 1\n", ("b",), "a = 1\n"),
    ("a = 1\n", ("a", "b"), "a = 1\n"),
]


@pytest.mark.parametrize("before, path, after", REMOVING)
def test_a_setting_is_removed_alone(before: str, path: tuple[str, ...], after: str | None) -> None:
    result = toml_text.without(before, path)
    assert after is None or result == after


def test_a_change_that_cannot_be_made_cleanly_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a section"):
        toml_text.with_value("api = 3\n", ("api", "x"), 1)


def test_an_edit_that_would_change_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toml_text, "_removed", lambda text, path: "")
    with pytest.raises(ConfigError, match="without rewriting"):
        toml_text.without("a = 1\nb = 2\n", ("a",))


def test_the_first_file_is_the_example(home: Home) -> None:
    assert init_file(home.paths)
    assert home.config.read_text() == edit.example_text()
    assert home.config.stat().st_mode & 0o777 == 0o600
    home.write("config", "language = 'uk'\n")
    assert not init_file(home.paths)
    assert home.config.read_text() == "language = 'uk'\n"
    assert [file.name for file in home.config.parent.iterdir()] == ["config.toml"]


def test_setting_a_value_keeps_every_other_line_of_the_example(home: Home) -> None:
    set_value(home.paths, "api.timeout_seconds", "45")
    set_value(home.paths, "timezone", "Europe/Kyiv")
    set_value(home.paths, "log.request_body", "yes")
    example, now = edit.example_text().split("\n"), home.config.read_text().split("\n")
    changed = [(old, new) for old, new in zip(example, now, strict=True) if old != new]
    assert changed == [
        ('#timezone = "UTC"', 'timezone = "Europe/Kyiv"'),
        ("#timeout_seconds = 30", "timeout_seconds = 45"),
        ("#request_body = false", "request_body = true"),
    ]
    settings = home.load()
    assert (settings.timezone, settings.api.timeout_seconds, settings.log.request_body) == ("Europe/Kyiv", 45, True)


def test_unsetting_lets_the_weaker_source_hold_again(home: Home) -> None:
    home.write("config", "# mine\nlanguage = 'uk'\n[api]\n")
    unset_value(home.paths, "language")
    assert home.config.read_text() == "# mine\n[api]\n"
    unset_value(home.paths, "language")
    assert home.load().language == "en"


@pytest.mark.parametrize(
    "key, text, error, what, hint",
    [
        ("api.timeout", "3", UsageError, "no setting api.timeout", "Did you mean api.timeout_seconds?"),
        ("api.timeout_seconds", "x", BadConfigValue, "from 1 to 180", "For example: 30"),
        ("instances.grand-kyiv.tags", "Coast", BadConfigValue, "small letters", 'For example: ["coast"]'),
        (
            "instances.grand-kiev.tags",
            "a",
            UnknownInstance,
            "no instance called 'grand-kiev'",
            "Did you mean grand-kyiv?",
        ),
        ("instances.grand-kyiv.token", "tok", UsageError, "is a secret", "--token-stdin"),
        ("webhook.secret", "tok", UsageError, "is a secret", "--token-stdin"),
        ("default_instance", "sea", UsageError, "names no instance", "[instances.sea]"),
        ("colour", "red", UsageError, "no setting colour", "config list"),
        ("instances..tags", "red", UsageError, "no setting", ""),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    home: Home, key: str, text: str, error: type[Exception], what: str, hint: str
) -> None:
    before = home.write("config", GRAND).read_bytes()
    with pytest.raises(error, match=what) as caught:
        set_value(home.paths, key, text)
    assert hint in (getattr(caught.value, "hint", "") or "")
    assert home.config.read_bytes() == before


def test_an_invalid_file_can_be_put_right_but_not_left_wrong(home: Home) -> None:
    home.write("config", "[api]\nmax_retries = 99\ntimeout_seconds = 5\n")
    with pytest.raises(ConfigError, match=r"Nothing was changed.*max_retries"):
        set_value(home.paths, "api.timeout_seconds", "6")
    set_value(home.paths, "api.max_retries", "2")
    assert home.load().api.max_retries == 2


def test_an_instance_is_added_with_its_token_beside_the_file(home: Home) -> None:
    fields = {"id": "1101", "tags": "coast, city", "rate_limit_per_second": "0.5"}
    add_instance(home.paths, "sea", fields, token=Secret("tok-of-the-sea"), webhook_token=Secret("hook-of-the-sea"))
    assert home.config.read_text().endswith(
        '[instances.sea]\nid = "1101"\ntags = ["coast", "city"]\nrate_limit_per_second = 0.5\n'
    )
    assert "tok-of-the-sea" not in home.config.read_text()
    one = home.load().instance("sea")
    assert (one.token().reveal(), one.tags) == ("tok-of-the-sea", ("coast", "city"))
    assert [token.reveal() for token in one.webhook_tokens()] == ["hook-of-the-sea"]


@pytest.mark.parametrize(
    "name, fields, error, what",
    [
        ("grand-kyiv", {"id": "5"}, UsageError, "is an instance grand-kyiv already"),
        ("Sea", {"id": "5"}, UsageError, "cannot be the name"),
        ("all", {"id": "5"}, UsageError, "cannot be the name"),
        ("../sea", {"id": "5"}, UsageError, "cannot be the name"),
        ("sea", {"id": "x"}, BadConfigValue, "digits only"),
        ("sea", {}, UsageError, "has no id"),
        ("sea", {"id": "1101000001"}, UsageError, "also the id of grand-kyiv"),
        ("sea", {"id": "5", "token": "tok"}, UsageError, "is a secret"),
        ("sea", {"id": "5", "colour": "x"}, UsageError, "no setting instances.sea.colour"),
    ],
)
def test_an_instance_that_cannot_be_leaves_no_trace(
    home: Home, name: str, fields: dict[str, str], error: type[Exception], what: str
) -> None:
    before = home.write("config", GRAND).read_bytes()
    with pytest.raises(error, match=what):
        add_instance(home.paths, name, fields, token=Secret("token-of-nobody"))
    assert home.config.read_bytes() == before
    assert not (home.root / "home" / "secrets").exists()


def test_an_instance_named_by_the_system_file_is_not_added_again_but_can_be_changed(home: Home) -> None:
    home.write("system", GRAND)
    with pytest.raises(UsageError, match="already"):
        add_instance(home.paths, "grand-kyiv", {"id": "5"})
    edit_instance(home.paths, "grand-kyiv", {"tags": "coast"})
    assert home.load().instance().tags == ("coast",)
    home.write("config", "")
    with pytest.raises(ConfigError, match="is not in"):
        remove_instance(home.paths, "grand-kyiv")


def test_an_instance_is_changed_and_its_new_webhook_token_joins_the_old_one(home: Home) -> None:
    home.write("config", GRAND + 'language = "uk"\ntoken_env = "X"\n')
    home.secret("grand-kyiv.webhook-token", "hook-old-1\n")
    edit_instance(
        home.paths,
        "grand-kyiv",
        {"id": "77"},
        unset=("language",),
        token=Secret("brand-new-token"),
        webhook_token=Secret("hook-new-1"),
    )
    one = home.load().instance()
    assert (one.id, one.language, one.token().reveal()) == ("77", "en", "brand-new-token")
    assert [token.reveal() for token in one.webhook_tokens()] == ["hook-new-1", "hook-old-1"]
    edit_instance(home.paths, "grand-kyiv", {}, webhook_token=Secret("hook-new-1"))
    assert [token.reveal() for token in home.load().instance().webhook_tokens()] == ["hook-new-1", "hook-old-1"]


def test_a_removed_instance_takes_its_tokens_and_its_place_as_default_along(home: Home) -> None:
    home.write("config", f'default_instance = "grand-kyiv"\n{GRAND}[instances.sea]\nid = "3"\n')
    home.secret("grand-kyiv.token")
    kept = home.secret("sea.token")
    remove_instance(home.paths, "grand-kyiv")
    assert list(home.load().instances) == ["sea"]
    assert [file.name for file in kept.parent.iterdir()] == ["sea.token"]
    with pytest.raises(UnknownInstance):
        remove_instance(home.paths, "grand-kyiv")


def test_a_linked_configuration_stays_a_link(home: Home) -> None:
    folder = home.root / "dotfiles"
    folder.mkdir(0o700)
    (folder / "green.toml").write_text("language = 'uk'\n")
    home.config.symlink_to(folder / "green.toml")
    set_value(home.paths, "language", "pl")
    assert home.config.is_symlink()
    assert (folder / "green.toml").read_text() == 'language = "pl"\n'


def test_an_edit_made_in_an_editor_meanwhile_is_not_lost(home: Home) -> None:
    home.write("config", "language = 'uk'\n")

    def change(before: str) -> str:
        if "timezone" not in before:  # between our reading and our replacing, somebody saves
            home.write("config", "language = 'uk'\ntimezone = 'Europe/Kyiv'\n")
        return before.replace("uk", "pl")

    change_text(home.paths, change)
    settings = home.load()
    assert (settings.language, settings.timezone) == ("pl", "Europe/Kyiv")


def test_a_file_that_keeps_changing_is_left_alone(home: Home) -> None:
    home.write("config", "")

    def change(before: str) -> str:
        home.write("config", before + "#\n")
        return "language = 'pl'\n"

    with pytest.raises(Busy, match="keeps changing"):
        change_text(home.paths, change)
    assert set(home.config.read_text()) == {"#", "\n"}


def test_text_from_an_editor_replaces_only_what_was_shown_in_it(home: Home) -> None:
    home.write("config", "language = 'uk'\n")
    with pytest.raises(Busy, match="changed by somebody else"):
        replace_text(home.paths, before="language = 'en'\n", after="language = 'pl'\n")
    with pytest.raises(ConfigError, match="would not load"):
        replace_text(home.paths, before="language = 'uk'\n", after="language = 5\n")
    replace_text(home.paths, before="language = 'uk'\n", after="language = 'pl' # new\n")
    assert home.config.read_text() == "language = 'pl' # new\n"

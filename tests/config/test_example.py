"""The example file: complete, correct line by line, and the one the package ships."""

import re
import tomllib
from pathlib import Path

import pytest

from greenbot.config.edit import example_text
from greenbot.config.settings import SETTINGS
from greenbot.config.table import GENERAL, INSTANCE, Setting
from tests.config.conftest import GRAND, Home

TOP = Path(__file__).parents[2] / "config.example.toml"
#: `#name = value` is a setting; `# Words` are words.
_SETTING = re.compile(r"#(?=[a-z_]+ = )")


def _all_on(text: str) -> dict[str, object]:
    return tomllib.loads("\n".join(re.sub(r"^#(?=[a-z_]+ = |\[)", "", line) for line in text.split("\n")))


def _shown() -> set[str]:
    data = _all_on(TOP.read_text())
    found: set[str] = set()
    for key, value in data.items():
        if key == "instances":
            assert isinstance(value, dict)
            found |= {f"instances.{leaf}" for table in value.values() for leaf in table}
        elif isinstance(value, dict):
            found |= {f"{key}.{leaf}" for leaf in value}
        else:
            found.add(key)
    return found


def _name(setting: Setting) -> str:
    return setting.key if setting.scope == "global" else f"instances.{setting.key}"


def test_the_package_ships_the_example_of_the_top_level() -> None:
    assert example_text() == TOP.read_text()


def test_every_setting_appears_in_the_example_and_nothing_else() -> None:
    assert _shown() == {_name(setting) for setting in SETTINGS if not setting.secret}


def test_every_environment_name_appears_in_the_example() -> None:
    names = {setting.env for setting in SETTINGS if setting.env}
    assert names == set(re.findall(r"(?:GREEN_API|GREENBOT)_[A-Z_]+", TOP.read_text()))


def test_the_example_as_it_is_changes_nothing(home: Home) -> None:
    plain = home.load()
    home.write("config", TOP.read_text())
    assert home.load().values == plain.values


_LINES = [(number, line[1:]) for number, line in enumerate(TOP.read_text().split("\n")) if _SETTING.match(line)]


@pytest.mark.parametrize("number, line", _LINES, ids=[line for _, line in _LINES])
def test_each_line_works_when_its_comment_sign_is_removed(home: Home, number: int, line: str) -> None:
    lines = TOP.read_text().split("\n")
    lines[number] = line
    header = next(place for place, text in enumerate(lines) if text == "#[instances.grand-kyiv]")
    if number > header or "grand-kyiv" in line:
        lines[header] = "[instances.grand-kyiv]"
        lines = [text.removeprefix("#") if text.startswith("#id = ") else text for text in lines]
    home.write("config", "\n".join(lines))
    assert home.problems() == []


@pytest.mark.parametrize("setting", list(GENERAL.values()), ids=lambda setting: setting.key)
def test_the_example_shows_the_default(setting: Setting) -> None:
    if setting.secret or setting.is_source or setting.default is None:
        return
    data: object = _all_on(TOP.read_text())
    for key in setting.key.split("."):
        assert isinstance(data, dict)
        data = data[key]
    assert (tuple(data) if isinstance(data, list) else data) == setting.default


@pytest.mark.parametrize("setting", SETTINGS, ids=_name)
def test_every_setting_has_words_and_an_example_that_loads(home: Home, setting: Setting) -> None:
    assert setting.doc.endswith(".")
    if setting.secret:
        return
    section = "" if "." not in setting.key else f"[{setting.key.partition('.')[0]}]\n"
    text = f"{setting.example}\n{GRAND}" if not section else f"{GRAND}{section}{setting.example}\n"
    home.write("config", text if setting.scope == "global" else f"{GRAND}{setting.example}\n")
    found = home.problems()
    assert found == [] or (setting.key == "id" and "Cannot overwrite" in found[0])


def test_what_an_instance_inherits_is_a_general_setting() -> None:
    followed = {setting.key: setting.inherits for setting in INSTANCE.values() if setting.inherits}
    assert set(followed.values()) <= set(GENERAL)
    assert all(INSTANCE[key].type == GENERAL[general].type for key, general in followed.items())

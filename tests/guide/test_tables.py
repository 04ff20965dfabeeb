"""What the guide lists is what the program has: methods, settings, errors, exit codes."""

import re
from collections.abc import Callable

import pytest

from greenbot.api.endpoints import ENDPOINTS
from greenbot.config.table import SETTINGS
from greenbot.errors import ExitCode
from greenbot.outbox.states import State
from tests.guide.pages import section, text_of
from tests.guide.tables import TABLES, error_classes


@pytest.mark.parametrize(("page", "heading", "make"), TABLES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_table_made_from_code_is_up_to_date(page: str, heading: str, make: Callable[[], str]) -> None:
    assert section(text_of(page), heading).strip("\n") == make().strip("\n"), "run: python -m tests.guide.tables"


@pytest.mark.green_api
@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_method_is_on_its_page(name: str) -> None:
    assert f"| `{name}` |" in text_of("api")


@pytest.mark.parametrize("key", [setting.key for setting in SETTINGS])
def test_every_setting_is_on_its_page(key: str) -> None:
    assert f"| `{key}` |" in text_of("config")


@pytest.mark.parametrize("name", sorted({setting.env for setting in SETTINGS if setting.env}))
def test_every_environment_name_is_on_its_page(name: str) -> None:
    assert f"`{name}`" in text_of("config")


@pytest.mark.parametrize("code", [error.code() for error in error_classes()])
def test_every_error_is_on_its_page(code: str) -> None:
    assert f"| `{code}` |" in text_of("errors")


def exit_codes() -> list[int]:
    return [int(code) for code in re.findall(r"^\| (\d+) \|", text_of("exit-codes"), flags=re.MULTILINE)]


def test_the_exit_codes_are_all_there_and_no_others() -> None:
    assert exit_codes() == [int(code) for code in ExitCode]


def test_each_error_leaves_with_a_code_of_that_page() -> None:
    assert {int(error.exit_code) for error in error_classes()} <= set(exit_codes())


@pytest.mark.parametrize("state", State)
def test_every_state_of_a_message_is_explained(state: State) -> None:
    assert f"| `{state}` |" in section(text_of("outbox"), "The states")

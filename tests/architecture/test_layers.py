"""Imports point down the staircase, libraries stay behind their walls, habits hold; and the checkers do notice."""

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, module_name, python_files, text_of
from tests.architecture.habits import HABITS, MAX_LINES
from tests.architecture.imports import complaint, imports_of

GREENBOT = python_files("greenbot")
EVERY_FILE = GREENBOT + python_files("tests")


def broken_imports(module: str, source: str) -> Iterator[str]:
    for found in imports_of(ast.parse(source)):
        if reason := complaint(module, found.target):
            yield f"line {found.line}: {found.target}: {reason}"


def broken_habits(module: str, source: str) -> Iterator[str]:
    tree = ast.parse(source)
    for habit in HABITS:
        yield from (f"line {line}: {reason}" for line, reason in habit(module, tree))


def test_there_is_something_to_check() -> None:
    assert Path("greenbot/errors.py") in GREENBOT
    assert Path("tests/architecture/test_layers.py") in EVERY_FILE


@pytest.mark.parametrize("path", GREENBOT, ids=str)
def test_imports_point_down_and_stay_behind_the_walls(path: Path) -> None:
    assert list(broken_imports(module_name(path), text_of(path))) == []


@pytest.mark.parametrize("path", GREENBOT, ids=str)
def test_habits_hold(path: Path) -> None:
    assert list(broken_habits(module_name(path), text_of(path))) == []


@pytest.mark.parametrize("path", EVERY_FILE, ids=str)
def test_files_stay_small_enough_to_hold_in_the_head(path: Path) -> None:
    assert len(text_of(path).splitlines()) < MAX_LINES


def test_every_folder_is_a_package_and_packages_are_empty() -> None:
    folders = {path.parent for path in EVERY_FILE}
    assert [str(folder) for folder in sorted(folders) if not (ROOT / folder / "__init__.py").exists()] == []
    assert [str(path) for path in EVERY_FILE if path.name == "__init__.py" and text_of(path).strip()] == []


ALLOWED_IMPORTS = [
    ("greenbot.chat_id", "from greenbot.errors import BadChatId"),
    ("greenbot.outbox.deliver", "from greenbot.api.client import Client"),
    ("greenbot.outbox.deliver", "from greenbot.outbox.table import claim"),
    ("greenbot.outbox.deliver", "from greenbot import failpoints"),
    ("greenbot.cli.send", "import typer"),
    ("greenbot.db.driver", "import pysqlite3.dbapi2"),
    ("greenbot.simulator.server", "from greenbot.safe_text import safe_text"),
    ("greenbot.simulator.server", "import aiohttp.web"),
    ("greenbot.alerts.notify.webhook", "import httpx"),
    ("greenbot.api.client", "import asyncio, json"),
    ("greenbot.entry", "from greenbot.cli.main import main"),
]

FORBIDDEN_IMPORTS = [
    ("greenbot.errors", "from greenbot.config.settings import Settings", "stands above"),
    ("greenbot.api.client", "from greenbot.outbox import table", "stands above"),
    ("greenbot.api.client", "def late():\n    from greenbot.cli.main import main", "stands above"),
    ("greenbot.api.client", "from importlib import import_module\nimport_module('greenbot.cli.main')", "stands above"),
    ("greenbot.api.client", "if TYPE_CHECKING:\n    from greenbot.outbox import table", "stands above"),
    ("greenbot.config.load", "from greenbot.db.connect import connect", "same step"),
    ("greenbot.outbox.table", "import greenbot.inbox.table", "same step"),
    ("greenbot.wiring", "from greenbot import demo", "same step"),
    ("greenbot.demo", "from greenbot.cli.main import main", "stands above"),
    ("greenbot.simulator.server", "from greenbot.chat_id import ChatId", "judges the client"),
    ("greenbot.simulator.server", "from greenbot.messages.limits import MAX_TEXT", "judges the client"),
    ("greenbot.outbox.table", "from . import states", "relative"),
    ("greenbot.outbox.table", "from .states import STATES", "relative"),
    ("greenbot.helpers", "from greenbot.errors import NotFound", "no step"),
    ("greenbot.outbox.table", "from greenbot.helpers import twist", "no step"),
    ("greenbot.outbox.table", "import sqlite3", "only in greenbot.db.driver"),
    ("greenbot.db.connect", "from pysqlite3 import dbapi2", "only in greenbot.db.driver"),
    ("greenbot.outbox.table", "from sqlite_utils.db import Database", "only in greenbot.db"),
    ("greenbot.outbox.worker", "import rich.console", "only in greenbot.cli"),
    ("greenbot.wiring", "import typer", "only in greenbot.cli"),
    ("greenbot.server.routes", "import httpx", "only in greenbot.api"),
    ("greenbot.api.client", "from aiohttp import web", "only in greenbot.server"),
    ("greenbot.api_extra.client", "import httpx", "only in greenbot.api"),
    ("greenbot.cli.send", "import requests", "no wall"),
]


@pytest.mark.parametrize(("module", "source"), ALLOWED_IMPORTS)
def test_an_import_downwards_is_accepted(module: str, source: str) -> None:
    assert list(broken_imports(module, source)) == []


@pytest.mark.parametrize(("module", "source", "reason"), FORBIDDEN_IMPORTS)
def test_a_forbidden_import_is_noticed(module: str, source: str, reason: str) -> None:
    assert any(reason in found for found in broken_imports(module, source))


ALLOWED_HABITS = [
    ("greenbot.clock", "import time\ntime.time()"),
    ("greenbot.simulator.clock", "import time\ntime.monotonic()"),
    ("greenbot.outbox.worker", "def wait(clock):\n    return clock.monotonic()"),
    ("greenbot.outbox.worker", "import time\ndef wait(*, monotonic=time.monotonic): ..."),
    ("greenbot.outbox.worker", "import random\ndef jitter(rng: random.Random): return rng.random()"),
    ("greenbot.cli.say", "print('done')"),
    ("greenbot.db.connect", "db.execute(f'PRAGMA user_version = {version}')"),
    ("greenbot.outbox.table", "db.all('SELECT id FROM messages WHERE state = :state', state=state)"),
    ("greenbot.outbox.spool", "open(paths.spool_dir / name, 'rb')"),
]

BAD_HABITS = [
    ("greenbot.outbox.worker", "import time\ntime.time()", "reads the clock"),
    ("greenbot.outbox.worker", "import time\ndef f(begun=time.monotonic()): ...", "reads the clock"),
    ("greenbot.outbox.worker", "import time\nread = time.monotonic", "reads the clock"),
    ("greenbot.outbox.worker", "from time import time_ns", "reads the clock"),
    ("greenbot.outbox.worker", "from datetime import datetime\ndatetime.now(UTC)", "reads the clock"),
    ("greenbot.outbox.worker", "import datetime\ndatetime.datetime.utcnow()", "reads the clock"),
    ("greenbot.simulator.server", "import time\ntime.time()", "reads the clock"),
    ("greenbot.resilience.retry", "import random\nrandom.uniform(0, 1)", "cannot be seeded"),
    ("greenbot.resilience.retry", "from random import uniform", "cannot be seeded"),
    ("greenbot.outbox.worker", "print('claimed')", "only greenbot.cli prints"),
    ("greenbot.clipper", "print('claimed')", "only greenbot.cli prints"),
    ("greenbot.outbox.table", "db.execute(f'SELECT * FROM {table}')", "named parameters"),
    ("greenbot.outbox.table", "db.all('SELECT * FROM messages WHERE id = %s' % id)", "named parameters"),
    ("greenbot.outbox.table", "db.one('SELECT ' + columns + ' FROM messages')", "named parameters"),
    ("greenbot.outbox.table", "db.scalar('SELECT {}'.format(column))", "named parameters"),
    ("greenbot.outbox.table", "open(paths.store_file, 'rb').read()", "only db.connect()"),
    ("greenbot.cli.db", "settings.paths.store_file.read_bytes()", "only db.connect()"),
    ("greenbot.cli.db", "shutil.copy(db.path, target)", "only db.connect()"),
]


@pytest.mark.parametrize(("module", "source"), ALLOWED_HABITS)
def test_a_good_habit_is_accepted(module: str, source: str) -> None:
    assert list(broken_habits(module, textwrap.dedent(source))) == []


@pytest.mark.parametrize(("module", "source", "reason"), BAD_HABITS)
def test_a_bad_habit_is_noticed(module: str, source: str, reason: str) -> None:
    assert any(reason in found for found in broken_habits(module, textwrap.dedent(source)))

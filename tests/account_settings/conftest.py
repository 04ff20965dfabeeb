"""A few hotels for each test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.account_settings.fleet import Hotels, hotels


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A folder in memory where there is one."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="greenbot-", dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def three(ground: Path) -> Iterator[Hotels]:
    with hotels(ground, 3) as made:
        yield made

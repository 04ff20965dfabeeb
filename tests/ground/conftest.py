"""Each test starts without known secrets, and leaves the process without its own."""

from collections.abc import Iterator

import pytest

from greenbot import redact


@pytest.fixture(autouse=True)
def no_known_secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(redact, "_known", set())
    monkeypatch.setattr(redact, "_forms", None)
    yield

"""Nothing stands in greenbot that greenbot itself does not use: what only tests call proves nothing of the product."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from vulture.core import Item, Vulture  # type: ignore[import-untyped]  # vulture ships no types

from tests.architecture.files import ROOT

#: Who calls what greenbot does not call, by file and name; a star stands for every name.
CALLED_BY = {
    "those who import greenbot": {"api/methods/*": "*", "messages/outgoing.py": "__getattr__"},
    "asyncio, as a protocol": {
        "api/engine.py": "connection_made data_received eof_received connection_lost",
        "server/connection.py": "connection_made data_received eof_received connection_lost"
        " pause_writing resume_writing",
    },
    "io and http.client": {"api/wire.py": "makefile readable readinto"},
    "aiohttp": {"api/aiohttp_transport.py": "write_with_length"},
    "click": {"cli/tree.py": "format_help shell_complete"},
    "datetime": {"cli/when.py": "dst fromutc"},
    "what is called through a protocol": {
        "alerts/notify/telling.py": "__call__",
        "alerts/receivers.py": "prove",
        "server/webhooks.py": "__call__",
    },
    "the simulated world of tests, and stores that several machines share": {"resilience/store_lines.py": "StoreLines"},
}


def unused(folder: Path) -> Iterator[tuple[str, str]]:
    """File and name of each function, class, method, property and constant that nothing in the folder names."""
    found = Vulture(ignore_decorators=["@*.command", "@*.group", "@method", "@overload"])
    found.scavenge([str(folder)])
    items: list[Item] = [*found.unused_classes, *found.unused_funcs, *found.unused_methods, *found.unused_props]
    for item in [*items, *(item for item in found.unused_vars if item.name.isupper())]:
        yield str(Path(item.filename).relative_to(folder)), item.name


def is_called_from_outside(file: str, name: str) -> bool:
    return any(
        Path(file).match(pattern) and (names == "*" or name in names.split())
        for files in CALLED_BY.values()
        for pattern, names in files.items()
    )


def test_everything_is_used_by_the_product_itself() -> None:
    assert [found for found in unused(ROOT / "greenbot") if not is_called_from_outside(*found)] == []


def test_no_exception_has_outlived_its_reason() -> None:
    there = set(unused(ROOT / "greenbot"))
    for files in CALLED_BY.values():
        for pattern, names in files.items():
            for name in names.split():
                assert any(Path(file).match(pattern) and name in ("*", found) for file, found in there), (pattern, name)


@pytest.mark.parametrize(
    "code",
    [
        "def left_over() -> None: ...",
        "class LeftOver: ...",
        "LEFT_OVER = 1",
        "class Used:\n    def left(self): ...\nUsed()",
    ],
)
def test_what_is_left_over_is_found(tmp_path: Path, code: str) -> None:
    (tmp_path / "module.py").write_text(code)
    assert len(list(unused(tmp_path))) == 1

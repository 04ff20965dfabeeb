"""A file system that says "I/O error" where it means "full" is understood."""

import pytest

from greenbot.db.translate import is_full


@pytest.mark.parametrize(("free_blocks", "full"), [(0, True), (1, False), (None, False)])
def test_a_disk_without_a_free_block_is_full(free_blocks: int | None, full: bool) -> None:
    assert is_full(free_blocks) is full

"""Who commits: the loop in a storm on a quick disk, otherwise the thread."""

import pytest

from greenbot.inbox.pace import MEMORY, QUICK_SECONDS, SLOW_SECONDS, STUCK_SECONDS, Pace

QUICK, SLOW, STUCK = QUICK_SECONDS / 4, SLOW_SECONDS * 2, STUCK_SECONDS * 2


def after(*commits: tuple[int, float, int]) -> Pace:
    """So many commits, each so long and of so many events."""
    pace = Pace()
    for times, seconds, events in commits:
        for _ in range(times):
            pace.took(seconds, events)
    return pace


@pytest.mark.parametrize(
    ("commits", "is_direct"),
    [
        pytest.param([], False, id="at the start it is the thread"),
        pytest.param([(MEMORY - 1, QUICK, 32)], False, id="a few commits prove nothing"),
        pytest.param([(MEMORY, QUICK, 32)], True, id="a storm on a quick disk"),
        pytest.param([(MEMORY * 9, QUICK, 1)], False, id="an ordinary day on a quick disk"),
        pytest.param([(MEMORY * 9, SLOW, 32)], False, id="a storm on a slow disk"),
        pytest.param([(MEMORY, QUICK, 32), (1, SLOW, 32)], True, id="one slow commit is no slow disk"),
        pytest.param([(MEMORY, QUICK, 32), (MEMORY * 2, SLOW, 32)], False, id="the disk has become slow"),
        pytest.param([(MEMORY, QUICK, 32), (1, STUCK, 32)], False, id="one commit that hung ends it"),
        pytest.param([(MEMORY, QUICK, 32), (MEMORY * 4, QUICK, 1)], False, id="the storm is over"),
        pytest.param([(MEMORY, QUICK, 32), (1, STUCK, 32), (MEMORY - 1, QUICK, 32)], False, id="and it learns anew"),
        pytest.param([(MEMORY, QUICK, 32), (1, STUCK, 32), (MEMORY, QUICK, 32)], True, id="until it is quick again"),
    ],
)
def test_the_loop_commits_only(commits: list[tuple[int, float, int]], is_direct: bool) -> None:
    assert after(*commits).is_direct is is_direct

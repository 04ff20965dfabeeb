"""The tree of errors is what its docstring draws, and every error can be raised bare."""

import pickle
import re

import pytest

from greenbot import errors
from greenbot.errors import ExitCode, GreenbotError


def _classes(root: type[GreenbotError] = GreenbotError) -> list[type[GreenbotError]]:
    return [root] + [found for child in root.__subclasses__() for found in _classes(child) if _is_ours(found)]


def _is_ours(error: type[GreenbotError]) -> bool:
    return error.__module__ == errors.__name__


ALL = _classes()
_LINE = re.compile(r"^( *)([*x+-]) (.+)$")
_WITH_CODE = re.compile(r"^(\w+) +(\d+) +\S")


def _drawn() -> dict[str, tuple[str | None, int | None]]:
    """Name -> (parent, exit code where one is written), read from the module's docstring."""
    tree: dict[str, tuple[str | None, int | None]] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        depth, coded = len(match[1]), _WITH_CODE.match(match[3])
        names = [coded[1]] if coded else match[3].split(", ")
        above = [entry for entry in above if entry[0] < depth]
        for name in names:
            tree[name] = (above[-1][1] if above else None, int(coded[2]) if coded else None)
        above.append((depth, names[0]))
    return tree


def test_the_drawn_tree_names_exactly_the_classes_of_the_module() -> None:
    assert set(_drawn()) == {error.__name__ for error in ALL}


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_each_class_stands_in_the_tree_where_it_is_drawn(error: type[GreenbotError]) -> None:
    parent, code = _drawn()[error.__name__]
    assert parent == (None if error is GreenbotError else error.__bases__[0].__name__)
    assert code is None or error.exit_code == code


def test_every_direct_branch_is_drawn_with_its_exit_code() -> None:
    written = {name for name, (parent, code) in _drawn().items() if code is not None}
    assert written == {error.__name__ for error in ALL if error.__bases__[0] in (GreenbotError, Exception)}


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_an_error_raised_bare_explains_itself(error: type[GreenbotError]) -> None:
    assert "__doc__" in vars(error)
    assert error.__doc__
    message = str(error())
    assert message == error.summary()
    assert len(message) > 10
    assert "\n" not in message
    assert message.endswith(".")
    assert error().hint is None or error().hint != ""


def test_every_error_has_its_own_stable_code() -> None:
    codes = [error.code() for error in ALL]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.OutcomeUnknown, "outcome_unknown"),
        (errors.BadChatId, "bad_chat_id"),
        (errors.ReadOnly, "read_only"),
        (errors.Busy, "busy"),
        (errors.StoreTooNew, "store_too_new"),
    ],
)
def test_codes_users_script_against_do_not_change(error: type[GreenbotError], code: str) -> None:
    assert error.code() == code


def test_every_exit_code_above_success_belongs_to_an_error_or_to_the_shell() -> None:
    used = {error.exit_code for error in ALL}
    assert set(ExitCode) - used == {ExitCode.DONE, ExitCode.BROKEN_PIPE}


def test_only_an_unknown_outcome_may_have_reached_the_guest() -> None:
    assert [error for error in ALL if error.maybe_sent] == [errors.OutcomeUnknown]


@pytest.mark.parametrize("error", [error for error in ALL if error.maybe_sent], ids=lambda error: error.__name__)
def test_what_may_have_been_sent_is_never_called_retryable(error: type[GreenbotError]) -> None:
    assert not error.retryable


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (errors.RateLimited, True),
        (errors.QuotaExceeded, False),  # returns with the month, not with patience
        (errors.Unreachable, True),
        (errors.Rejected, False),
        (errors.Misdirected, False),
        (errors.UpstreamFailed, True),
        (errors.InstanceNotReady, True),
        (errors.CredentialsRefused, False),
        (errors.Busy, True),
        (errors.UsageError, False),
        (errors.StoreFull, False),
    ],
)
def test_which_errors_another_try_can_cure(error: type[GreenbotError], *, retryable: bool) -> None:
    assert error.retryable is retryable


def test_details_given_to_an_error_are_kept_and_leave_the_class_alone() -> None:
    error = errors.RateLimited("Slow down.", hint="Wait.", instance="grand", message_id=7, retry_after_seconds=2.5)
    assert (str(error), error.hint, error.instance) == ("Slow down.", "Wait.", "grand")
    assert (error.message_id, error.retry_after_seconds) == (7, 2.5)
    assert errors.RateLimited.hint != "Wait."


def test_an_empty_message_falls_back_to_the_docstring() -> None:
    assert str(errors.NotFound("")) == "There is nothing by that name."


def test_the_cause_is_kept_when_a_foreign_error_is_translated() -> None:
    with pytest.raises(errors.StoreFull) as caught:
        _translate()
    assert isinstance(caught.value.__cause__, OSError)


def _translate() -> None:
    try:
        raise OSError(28, "No space left on device")
    except OSError as cause:
        raise errors.StoreFull from cause


def test_an_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(errors.OutcomeUnknown("Lost.", message_id=3)))
    assert (type(error), str(error), error.message_id) == (errors.OutcomeUnknown, "Lost.", 3)

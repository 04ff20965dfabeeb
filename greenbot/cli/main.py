"""The error boundary: whatever happens below becomes one message and one exit code."""

import os
import re
import sys

from greenbot.cli.streams import discard, open_missing_streams
from greenbot.errors import ExitCode, GreenbotError, Stopped, UsageError


def main(argv: list[str]) -> int:
    """Run one command line and return its exit code; prints errors, never raises."""
    open_missing_streams()
    try:
        code = _run(argv)
        # A full disk or a closed pipe shows only now; it must not pass for success.
        sys.stdout.flush()
    except GreenbotError as error:
        return _fail(error, argv)
    except KeyboardInterrupt:
        return _fail(Stopped("Stopped."), argv)
    except BrokenPipeError:
        # The reader went away (`greenbot … | head`).
        discard(sys.stdout)
        return ExitCode.BROKEN_PIPE
    except OSError as error:
        return _fail(_of_system(error), argv)
    except Exception:  # noqa: BLE001 - the boundary: a bug is shown whole, with secrets masked
        return _bug()
    return code


def _run(argv: list[str]) -> int:
    """Typer's own main would turn Ctrl-C and a broken pipe into silent exits, so its steps are taken here."""
    from typer import Exit
    from typer._click.exceptions import ClickException

    from greenbot.cli.app import root

    group = root()
    if _COMPLETE in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
        group._main_shell_completion({}, "greenbot", _COMPLETE)
    try:
        with group.make_context("greenbot", list(argv)) as context:
            group.invoke(context)
    except Exit as leave:
        return leave.exit_code
    except ClickException as error:
        raise _usage_error(error) from error
    return ExitCode.DONE


#: How a shell's completion script asks.
_COMPLETE = "_GREENBOT_COMPLETE"


def _usage_error(error: Exception) -> UsageError:
    """Typer's complaint in our words, with the exact help command as the next step."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "greenbot"
    message = error.format_message()  # type: ignore[attr-defined]  # ClickException has it
    for theirs, ours in _OUR_WORDS:
        message = re.sub(theirs, ours, message)
    return UsageError(message, hint=f"See: {path} --help")


#: Typer speaks to programmers.
_OUR_WORDS = (
    (r"^Invalid value for '(.*?)': ", r"\1: "),
    (r"is not a valid float( range)?\.$", "is not a number such as 50.45."),
    (r"is not a valid int( range)?\.$", "is not a whole number."),
    (r"is not in the range (\S+)<=x<=(\S+)\.$", r"is not between \1 and \2."),
    (r"is not in the range x>=(\S+)\.$", r"is less than \1."),
    (r"^Got unexpected extra argument.*? \((.*)\)$", r"This is too much: \1. A text with spaces needs quotes."),
    (r"^Missing argument '(.*)'\.$", r"\1 is missing."),
    (r"^Missing option '(.*)'\.$", r"\1 is missing."),
    (r"^No such command '(.*)'\.", r"There is no command '\1'."),
    (r"^No such option: (\S+)", r"There is no option \1."),
    (r" \(Possible options: (.*)\)$", r" Did you mean \1?"),
)


def _of_system(error: OSError) -> GreenbotError:
    import errno

    from greenbot.errors import Unusable

    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.EBADF:
        return Unusable("The output is closed.", hint="Leave out >&-, or send it to a file.")
    if error.errno == errno.ENOSPC:
        return Unusable(f"No space left on the device{where}.", hint="Free some space and run it again.")
    return Unusable(f"{error.strerror or error}{where}.", hint="Check that the file exists and may be used.")


def _fail(error: GreenbotError, argv: list[str]) -> int:
    from greenbot.cli.output import Output
    from greenbot.cli.run import Flags

    _finish_stdout()
    flags = Flags(json="--json" in argv, debug="--debug" in argv, no_color="--no-color" in argv)
    if flags.debug:
        _traceback()
    Output.of_process(flags, os.environ).error(error)
    return error.exit_code


def _finish_stdout() -> None:
    """What was printed before the error comes first; what cannot be printed must not fail once more at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        discard(sys.stdout)


def _bug() -> int:
    _finish_stdout()
    _traceback()
    _complain("error: This is a bug in greenbot. Nothing above contains a secret; please report it.\n")
    return ExitCode.UNEXPECTED


def _traceback() -> None:
    import traceback

    from greenbot.redact import redact
    from greenbot.safe_text import safe_text

    _complain(redact(safe_text(traceback.format_exc(), keep_lines=True)))


def _complain(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        # stderr is closed or full: the exit code still tells.
        discard(sys.stderr)

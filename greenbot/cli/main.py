"""The error boundary: whatever happens below becomes one message and one exit code."""

import os
import sys

from greenbot.errors import ExitCode, GreenbotError, Stopped, UsageError


def main(argv: list[str]) -> int:
    """Run one command line and return its exit code; prints errors, never raises."""
    try:
        code = _run(argv)
        _flush()
    except GreenbotError as error:
        return _fail(error, argv)
    except KeyboardInterrupt:
        return _fail(Stopped("Stopped."), argv)
    except BrokenPipeError:
        # The reader went away (`greenbot … | head`). Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BROKEN_PIPE
    except OSError as error:
        return _fail(_of_system(error), argv)
    except Exception:  # noqa: BLE001 - the boundary: a bug is shown whole, with secrets masked
        return _bug(argv)
    return code


def _run(argv: list[str]) -> int:
    from typer._click.exceptions import ClickException

    from greenbot.cli.app import root

    if sys.stdout is None or sys.stderr is None:
        _open_missing_streams()
    try:
        result = root().main(args=argv, prog_name="greenbot", standalone_mode=False)
    except ClickException as error:
        raise _usage_error(error) from error
    return result if isinstance(result, int) else ExitCode.DONE


def _usage_error(error: Exception) -> UsageError:
    """Typer's complaint in our words, with the exact help command as the next step."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "greenbot"
    return UsageError(error.format_message(), hint=f"See: {path} --help")  # type: ignore[attr-defined]  # ClickException has it


def _of_system(error: OSError) -> GreenbotError:
    import errno

    from greenbot.errors import Unusable

    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return Unusable(f"No space left on the device{where}.", hint="Free some space and run it again.")
    return Unusable(f"{error.strerror or error}{where}.", hint="Check that the file exists and may be used.")


def _fail(error: GreenbotError, argv: list[str]) -> int:
    from greenbot.cli.output import Output
    from greenbot.cli.run import Flags

    flags = Flags(json="--json" in argv, debug="--debug" in argv, no_color="--no-color" in argv)
    try:
        if flags.debug:
            _traceback()
        Output.of_process(flags, os.environ).error(error)
    except (OSError, ValueError):
        # stderr is closed or full: the exit code still tells.
        return error.exit_code
    return error.exit_code


def _bug(argv: list[str]) -> int:
    try:
        _traceback()
        sys.stderr.write("error: This is a bug in greenbot. Nothing above contains a secret; please report it.\n")
    except (OSError, ValueError):
        return ExitCode.UNEXPECTED
    return ExitCode.UNEXPECTED


def _traceback() -> None:
    import traceback

    from greenbot.redact import redact
    from greenbot.safe_text import safe_text

    sys.stderr.write(redact(safe_text(traceback.format_exc(), keep_lines=True)))


def _flush() -> None:
    """A full disk or a closed pipe shows only now; it must not pass for success."""
    sys.stdout.flush()


def _open_missing_streams() -> None:
    """`>&-` leaves a stream as None; the work is still to be done, only its report has nowhere to go."""
    sink = open(os.devnull, "w")  # noqa: SIM115, PTH123 - lives as long as the process
    sys.stdout = sys.stdout or sink
    sys.stderr = sys.stderr or sink

"""Where the `greenbot` script begins. The one thing answered before anything heavy is imported is the version."""

import gc
import os
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line and leave with its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from greenbot.version import VERSION

        if _printed(f"greenbot {VERSION}\n"):
            return
    # Importing makes thousands of objects and no garbage: looking for it is a tenth of a shell command.
    gc.set_threshold(100_000, 20, 100)
    from greenbot.cli.main import main as run

    try:
        code = run(sys.argv[1:])
        _leave_stores_open(code)
        sys.exit(code)
    finally:
        # The interpreter searches everything once more at its end, for nothing: the process is over.
        gc.freeze()


def _leave_stores_open(code: int) -> None:
    """After a failed disk, end without the interpreter's good order, which would close them (greenbot.db.failstop)."""
    failstop = sys.modules.get("greenbot.db.failstop")
    if failstop is not None and failstop.disk_has_failed():
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, OSError, ValueError):
                stream.flush()
        os._exit(code)


def _printed(line: str) -> bool:
    try:
        sys.stdout.write(line)
        sys.stdout.flush()
    except (AttributeError, OSError):
        return False  # closed or full: the command line knows what to say about that
    return True


if __name__ == "__main__":
    main()

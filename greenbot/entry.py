"""Where the `greenbot` script begins. The one thing answered before anything heavy is imported is the version."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from greenbot.version import VERSION

        sys.stdout.write(f"greenbot {VERSION}\n")
        return
    from greenbot.cli.main import main as run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

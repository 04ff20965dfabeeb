"""Every measurement, one after the other: `make bench`. Says which missed its limit, and leaves with 1 then.

Each runs as a program of its own, so that none inherits what another loaded, and all of them run, whatever fails.
"""

import subprocess
import sys

from tests.architecture.files import ROOT

#: The programs of this folder, the quiet ones before those that load the machine.
MEASUREMENTS = (
    "startup",
    "sending",
    "parallel",
    "limiter",
    "writers",
    "queue_size",
    "chats",
    "intake",
    "slow_clients",
    "evaluator",
    "metrics",
    "recording",
    "overview",
    "logs",
    "dashboard",
)
#: Not measurements: what they share, and the other side of some of them.
HELPERS = (
    "everything",
    "loopback",
    "rounds",
    "client_rate",
    "sdk_rate",
    "sdk_send",
    "pyrate_acquire",
    "intake_servers",
)


def run(name: str) -> bool:
    """Whether one measurement reached its limits."""
    print(f"\n== {name}", flush=True)
    return subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], cwd=ROOT).returncode == 0


def main() -> int:
    """Run them all and sum up."""
    missed = [name for name in MEASUREMENTS if not run(name)]
    print(
        f"\n{len(MEASUREMENTS) - len(missed)} of {len(MEASUREMENTS)} measurements are within their limits", flush=True
    )
    for name in missed:
        print(f"  missed: {name}  (alone: python -m tests.bench.{name})")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

"""The official Python SDK, unmodified, against the simulator: `make interop`.

The simulator runs here; the SDK runs in its own environment (.venv-interop), where it imports nothing of greenbot.
"""

import subprocess
import sys
from pathlib import Path

from greenbot.simulator.clock import SimClock
from greenbot.simulator.thread import SimulatorThread
from greenbot.simulator.world import World

ROOT = Path(__file__).resolve().parents[2]
SDK_PYTHON = ROOT / ".venv-interop" / "bin" / "python"
#: A minute passes in a second, so limits of one call a second and restarts do not slow the run.
SPEED = 60
TIMEOUT_SECONDS = 180
ID_INSTANCE = 1101000001
TOKEN = "5e1f" * 12 + "00"


def main() -> int:
    """Run the check in both styles of the SDK; 0 when every call did what its answer should say."""
    world = World(clock=SimClock(speed=SPEED))
    world.add_instance(id_instance=ID_INSTANCE, token=TOKEN)
    # A port of its own for the media host: a file sent to the wrong one is refused, as in reality.
    with SimulatorThread(world, media_port=0) as simulator:
        addresses = [simulator.api_url, simulator.media_url, str(ID_INSTANCE), TOKEN]
        command = [str(SDK_PYTHON), "-m", "tests.interop.sdk_check", *addresses]
        return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS).returncode


if __name__ == "__main__":
    sys.exit(main())

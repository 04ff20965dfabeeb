"""What a proof says: one line for each thing that was to hold, and an exit code that somebody can rely on."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


def say(words: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


@dataclass(slots=True)
class Verdict:
    """Collects what was found. `name` is the make target that repeats it."""

    name: str
    begun_at: float = field(default_factory=time.monotonic)
    broken: list[str] = field(default_factory=list)

    def holds(self, what: str, *, so: bool) -> None:
        """Note and say whether something that was promised is so."""
        say(f"  {'ok    ' if so else 'BROKEN'}  {what}")
        if not so:
            self.broken.append(what)

    @property
    def is_sound(self) -> bool:
        """Nothing was broken."""
        return not self.broken

    def pronounce(self) -> int:
        """The last line and the exit code: 0 when everything held."""
        seconds = time.monotonic() - self.begun_at
        say(f"{self.name}: {'SOUND' if self.is_sound else f'BROKEN: {len(self.broken)}'} ({seconds:.0f} s)")
        return 0 if self.is_sound else 1


def prove(name: str, proof: Callable[[Path, Verdict], None]) -> int:
    """Carry out a proof in a folder of its own, in memory where there is one; left behind when something is broken.

    Returns the exit code.
    """
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=memory if os.access(memory, os.W_OK) else None))
    verdict = Verdict(name)
    proof(folder, verdict)
    if verdict.is_sound:
        shutil.rmtree(folder)
    else:
        say(f"left behind: {folder}")
    return verdict.pronounce()

"""The other side of `limiter.py`, run by the Python of an environment with pyrate-limiter: FOLDER.

For every number it reads it makes so many acquires on the SQLite bucket that several processes may share
(`use_file_lock`), and prints the microseconds one took. The clock steps on by itself, so nothing ever waits.
"""

import sys
import time

from pyrate_limiter import (  # type: ignore[import-not-found]  # lives in another environment
    Limiter,
    Rate,
    SQLiteBucket,
)

STEP_MS = 1010


class Stepping(SQLiteBucket):  # type: ignore[misc]  # unknown here, see above
    """A bucket whose clock is moved by hand, with a minute full of earlier calls behind it."""

    moment_ms = 1_790_000_000_000

    def now(self) -> int:
        return self.moment_ms


def main(folder: str) -> None:
    rates = [Rate(2, 1000), Rate(60, 60_000)]
    bucket = Stepping.init_from_file(rates, db_path=f"{folder}/bucket.db", use_file_lock=True)
    limiter = Limiter(bucket)
    for line in sys.stdin:
        count = int(line)
        begun = time.perf_counter()
        for _ in range(count):
            bucket.moment_ms += STEP_MS
            assert limiter.try_acquire("hotel")
        print((time.perf_counter() - begun) / count * 1e6, flush=True)


main(sys.argv[1])

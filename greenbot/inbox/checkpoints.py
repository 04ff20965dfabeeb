"""Keeping the WAL short without making a commit wait for it.

SQLite would move the WAL into the store inside some unlucky commit. Here a second connection, in a
thread of its own, does it beside the commits. Should the WAL still grow, because somebody always writes, the
writer itself moves it between two commits, which lets it begin anew.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from greenbot.errors import GreenbotError

if TYPE_CHECKING:
    from greenbot.db.connect import Db

#: Commits between two looks: seldom enough that in a storm less than one event in a hundred meets one, and often enough
#: that the WAL stays short, since the longer it is the longer SQLite looks for a page in it.
EVERY_COMMITS = 300
#: Pages of 4 KiB in the WAL from which on the writer does it by itself: 128 MiB, which only a storm reaches.
MOST_PAGES = 32_768


class Checkpoints:
    """For one writer; `take_over` and `after_commit` in its thread. Others may commit, too, and `count`."""

    def __init__(self, open_db: "Callable[[], Db]") -> None:
        self._open_db = open_db
        self._due = threading.Event()
        self._ending = False
        #: The writer has to shorten the WAL by itself.
        self.is_too_long = False
        #: The thread could not open the store: the writer does it all.
        self._is_alone = False
        self._commits = 0
        self._thread: threading.Thread | None = None

    def take_over(self, db: "Db") -> None:
        """From now on commits of this connection do not checkpoint."""
        if self.spare(db):
            self._thread = threading.Thread(target=self._run, name="inbox-checkpoints", daemon=True)
            self._thread.start()

    def spare(self, db: "Db") -> bool:
        """Let commits of this connection not checkpoint; False where there is no WAL."""
        if db.scalar("pragma journal_mode") != "wal":
            return False
        db.scalar("pragma wal_autocheckpoint = 0")
        return True

    def after_commit(self, db: "Db") -> None:
        """Count, and now and then have it done; by the writer when the WAL has become too long."""
        if self.is_too_long:
            self._checkpoint(db)
            # The next commit begins the WAL anew; whether it did is seen at the next look.
            self.is_too_long = False
        self.count()

    def count(self) -> None:
        """One commit more."""
        self._commits += 1
        if self._commits % EVERY_COMMITS == 0 and self._thread is not None:
            self.is_too_long = self.is_too_long or self._is_alone
            self._due.set()

    def close(self) -> None:
        """End the thread."""
        self._ending = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            db = self._open_db()
        except GreenbotError:
            self._is_alone = True
            return
        try:
            while not self._ending:
                self._due.wait()
                self._due.clear()
                self._checkpoint(db)
        finally:
            db.close()

    def _checkpoint(self, db: "Db") -> None:
        try:
            row = db.one("pragma wal_checkpoint(passive)")
        except GreenbotError:
            # A failing disk shows in the next commit, whose requests hear of it.
            return
        pages = 0 if row is None else row[1]
        self.is_too_long = pages > MOST_PAGES

"""What should run once a day beside the service."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A command with a time of day."""

    name: str
    about: str
    words: tuple[str, ...]
    #: The option that takes a file in the state folder, and that file; cron sends the output by mail instead.
    into: tuple[str, str] | None = None
    hour: int
    minute: int

    def words_in(self, state_dir: Path) -> tuple[str, ...]:
        """The command where nobody reads what it prints."""
        if self.into is None:
            return self.words
        option, file = self.into
        return (*self.words, option, str(state_dir / file))

    @property
    def time(self) -> str:
        """As systemd writes a time of day."""
        return f"{self.hour:02d}:{self.minute:02d}:00"

    @property
    def cron(self) -> str:
        """The first fields of a line for cron."""
        return f"{self.minute} {self.hour} * * *"


BACKUP = Job(
    name="backup",
    about="a copy of the store",
    words=("db", "backup", "--keep", "14", "-q"),
    hour=3,
    minute=30,
)
REPORT = Job(
    name="report",
    about="yesterday's figures",
    words=("report", "--day", "yesterday"),
    into=("--html", "report.html"),
    hour=6,
    minute=0,
)
JOBS = (BACKUP, REPORT)

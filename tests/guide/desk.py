"""A desk where every plain shell block of the guide can be typed: hotels, messages, guests, the files pages name."""

import os
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from greenbot.cli.simserve import example_token
from tests.guide.terminal import Terminal

#: Instances that stand for those of GREEN-API's own console.
REAL = ("seaview", "7103000001")
REAL_TOKEN = example_token(int(REAL[1]))
_HARBOUR_TOKEN = example_token(7103000002)
_SERVICE = "127.0.0.1:8080"
_TYPING_SECONDS = 3
#: Lines that go on until somebody types Ctrl-C. They must have lived until then, and end as Ctrl-C ends them.
_ENDLESS = re.compile(
    r"^(?:python frontdesk.py|greenbot (?:serve|listen|sim serve|dashboard(?! --(?:once|json))"
    r"|\S+(?: \S+)* (?:-f|--follow|--watch)))(?=$| )"
)
#: What a day at the desk has left behind before a page begins.
_EARLIER = """
greenbot init --sim --port {port} -q
greenbot instances add seaview --id 7103000001 --set api_url=http://127.0.0.1:{port} --token-stdin -q < token.txt
greenbot instances add harbour --id 7103000002 --set api_url=http://127.0.0.1:{port} --token-stdin -q < harbour.txt
greenbot instances edit coast-odesa --set tags=coast -q
"""
_DAY = """
greenbot send text 380441234567 "Your room is ready." -q
greenbot send text 380671112233 "Breakfast is from 7." -q
greenbot send text 380671112244 "See you soon." --queue -q
greenbot sim guest 380441234567 "Thank you! Is the pool open?" --name Olena -i grand-kyiv -q
greenbot receive --drain -q
"""
#: Files that pages name, with something in them.
_FILES = {
    "welcome.txt": "Welcome, {{name|guest}}!\n",
    "unsubscribed.txt": "380671112255\n380671112266\n",
    "departed.txt": "380441234567\n",
    "slack-url.txt": "https://hooks.slack.example/services/T0/B0/x\n",
    "group.json": '{"groupName": "Night shift", "chatIds": ["380671112233@c.us"]}\n',
    "guests.csv": "phone,name\n+380441234567,Olena\n",
    "menu.pdf": "%PDF-1.4\n",
    "grand-kyiv.txt": f"{example_token(1101000001)}\n",
    "harbour.txt": f"{_HARBOUR_TOKEN}\n",
    "token.txt": f"{REAL_TOKEN}\n",
}


@dataclass(slots=True)
class Desk:
    """A terminal with a past. Close it, or its processes stay."""

    terminal: Terminal
    service: "subprocess.Popen[bytes] | None" = None
    port: int = field(default=0)

    @classmethod
    def open(cls, folder: Path, past: "Past | None", *, before: str) -> "Desk":
        """Bring the past, or live the day here; then do what this page needs besides."""
        desk = cls(_terminal(folder))
        port = free_port()
        if past is not None:
            past.copy_to(folder, port)
        else:
            desk.must(_EARLIER.format(port=port))
        desk.terminal.start_simulator("greenbot sim serve", port=port)
        desk.must(before if past is not None else _DAY + before)
        return desk

    def must(self, script: str) -> None:
        code, seen = self.terminal.run(script)
        assert code == 0, seen

    def type(self, line: str, answers: tuple[str, ...] = ()) -> tuple[int, str]:
        """Type one line, and Ctrl-C where it would go on for ever."""
        if self.port:
            line = line.replace("localhost:8080", f"127.0.0.1:{self.port}").replace(_SERVICE, f"127.0.0.1:{self.port}")
        if _ENDLESS.match(line):
            return self._until_interrupted(line)
        return self.terminal.run(line, answers=answers)

    def _until_interrupted(self, line: str) -> tuple[int, str]:
        if re.match(r"greenbot (?:serve|sim serve)\b", line) and "--port" not in line:
            line += " --port 0"
        words = f"timeout --foreground --preserve-status --signal=INT {_TYPING_SECONDS} {line}"
        code, seen = self.terminal.run(words)
        return (0, seen) if code == 130 else (code, seen)

    def serve(self) -> None:
        """Start the service in the background; from now on :8080 means it."""
        self.port = free_port()
        reading, writing = os.pipe()
        self.service = subprocess.Popen(
            [
                str(self.terminal.folder / "bin" / "greenbot"),
                "serve",
                "-q",
                "--port",
                str(self.port),
                "--ready-fd",
                str(writing),
            ],
            cwd=self.terminal.folder / "desk",
            env=self.terminal.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(writing,),
        )
        os.close(writing)
        with os.fdopen(reading) as ready:
            assert ready.readline().startswith("http")

    def close(self) -> None:
        if self.service is not None:
            self.service.terminate()
            self.service.wait(timeout=60)
        self.terminal.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The home of somebody who worked here for a day, lived once and copied for each page."""

    home: Path
    port: int

    @classmethod
    def live(cls, folder: Path) -> "Past":
        desk = Desk.open(folder, None, before="")
        desk.close()
        return cls(home=folder, port=int(desk.terminal.environ["GREEN_API_BASE_URL"].rpartition(":")[2]))

    def copy_to(self, folder: Path, port: int) -> None:
        """The same home elsewhere, where the simulator listens on another port."""
        for place in (".config", ".local"):
            shutil.copytree(self.home / place, folder / place)
        config = folder / ".config" / "greenbot" / "config.toml"
        config.write_text(config.read_text().replace(f":{self.port}", f":{port}"))


def _terminal(folder: Path) -> Terminal:
    """A terminal in a folder with the files that pages name."""
    terminal = Terminal(folder)
    for name, text in _FILES.items():
        (folder / "desk" / name).write_text(text)
    (folder / "desk" / "logo.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(64))
    # Files are where a person has them.
    del terminal.environ["GREENBOT_HOME"]
    terminal.environ |= {"KYIV_TOKEN": REAL_TOKEN, "EDITOR": "true"}
    return terminal


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def lines_of(script: str) -> list[str]:
    """The lines of a block, those that continue joined, without remarks."""
    joined = script.replace("\\\n", " ")
    lines = (re.sub(r"\s+# .*$", "", line).strip() for line in joined.splitlines())
    found = [line for line in lines if line and not line.startswith("#")]
    # What is exported is for the lines below it.
    return [" && ".join(found)] if any(line.startswith("export ") for line in found) else found

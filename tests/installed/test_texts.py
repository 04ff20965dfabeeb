"""The files for other programs: complete, understood by those programs, and calling commands that exist."""

import json
import plistlib
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from greenbot.installed import texts
from greenbot.installed.jobs import JOBS
from greenbot.installed.situation import Scope, for_systemd, quoted_for_systemd
from greenbot.logs.line import FIELDS
from tests.guide.commands import parse
from tests.installed.situations import situation

SCOPES: tuple[Scope, ...] = ("system", "user")
EVERY_TEXT = {
    **{f"system {name}": text for name, text in texts.units(situation("system")).items()},
    **{f"user {name}": text for name, text in texts.units(situation("user")).items()},
    **texts.agents(situation("user")),
    "nginx": texts.nginx(situation()),
    "caddy": texts.caddy(situation()),
    "prometheus": texts.prometheus(situation()),
    "cron": texts.cron(situation("user")),
    **{name: texts.as_it_is(name) for name in ("Containerfile", "compose.yaml", "lnav.json")},
}


@pytest.mark.parametrize("name", EVERY_TEXT)
def test_no_gap_stays_open_and_the_last_line_ends(name: str) -> None:
    assert re.findall(r"@[A-Z_]+@", EVERY_TEXT[name]) == []
    assert EVERY_TEXT[name].endswith("\n")


def commands() -> list[tuple[str, tuple[str, ...]]]:
    """Each greenbot command that some file calls, without the program."""
    found = []
    for name, text in EVERY_TEXT.items():
        lines = re.findall(r"(?:^ExecStart=|\s)/opt/greenbot/bin/greenbot ([^>|\n]+)", text, flags=re.MULTILINE)
        found += [(name, tuple(shlex.split(line))) for line in lines]
        if name.endswith(".plist"):
            found.append((name, tuple(plistlib.loads(text.encode())["ProgramArguments"][1:])))
    cmd = re.search(r"^CMD (\[.*\])$", EVERY_TEXT["Containerfile"], flags=re.MULTILINE)
    assert cmd is not None
    return [*found, ("Containerfile", tuple(json.loads(cmd[1])))]


@pytest.mark.parametrize(("name", "words"), commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_command_in_them_exists(name: str, words: tuple[str, ...]) -> None:
    parse(words)


def test_they_call_the_service_and_each_job() -> None:
    called = [words for name, words in commands() if name.startswith("system")]
    assert len(called) == 1 + len(JOBS)
    assert {name for name, _ in commands()} >= {"cron", "Containerfile", "greenbot.serve.plist"}


@pytest.mark.parametrize("scope", SCOPES)
def test_systemd_understands_every_unit(scope: Scope, tmp_path: Path) -> None:
    program = shutil.which("true") or "/bin/true"
    units = texts.units(situation(scope, program=program))
    for name, text in units.items():
        # No account of that name need exist on this machine.
        (tmp_path / name).write_text(text.replace("User=greenbot\n", ""))
    if shutil.which("systemd-analyze"):
        words = ["systemd-analyze", *(["--user"] if scope == "user" else []), "verify", "--man=no"]
        (tmp_path / "run").mkdir(mode=0o700)
        done = subprocess.run(
            [*words, *(str(tmp_path / name) for name in units)],
            env={"XDG_RUNTIME_DIR": str(tmp_path / "run"), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert set(units) == {
        "greenbot.service",
        *(f"greenbot-{job.name}.{kind}" for job in JOBS for kind in ("service", "timer")),
    }


def test_a_word_systemd_does_not_know_is_noticed(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze"):
        (tmp_path / "greenbot.service").write_text("[Service]\nExecStart=/bin/true\nRestrt=always\n")
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(tmp_path / "greenbot.service")],
            capture_output=True,
            text=True,
        )
        assert "Restrt" in done.stderr


@pytest.mark.parametrize("name", ["greenbot.service", *(f"greenbot-{job.name}.service" for job in JOBS)])
def test_a_service_of_the_machine_is_closed_as_far_as_systemd_can_tell(name: str, tmp_path: Path) -> None:
    text = texts.units(situation("system"))[name]
    for word in ("NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077", "User=greenbot", "PrivateTmp=yes"):
        assert word in text
    if shutil.which("systemd-analyze"):
        unit = tmp_path / name
        unit.write_text(text.replace("/opt/greenbot/bin/greenbot", "/bin/true"))
        # 2.0 of 10 at most, where an ordinary service has 9.6.
        words = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)]
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-300:]


def test_the_service_tells_when_it_is_ready_and_is_never_given_up() -> None:
    text = texts.units(situation("system"))["greenbot.service"]
    for word in ("Type=notify", "Restart=always", "StartLimitIntervalSec=0", "StateDirectory=greenbot", "ExecReload="):
        assert word in text
    assert "OOMScoreAdjust" not in texts.units(situation("user"))["greenbot.service"]


@pytest.mark.parametrize(("port", "right"), [(443, "CAP_NET_BIND_SERVICE"), (8443, ""), (0, "")])
def test_only_a_port_of_root_needs_a_right(port: int, right: str) -> None:
    text = texts.units(situation("system", port=port))["greenbot.service"]
    assert re.findall(r"^CapabilityBoundingSet=(.*)$", text, flags=re.MULTILINE) == [right]


def test_secrets_that_root_keeps_are_handed_over_by_name() -> None:
    from dataclasses import replace

    of = replace(
        situation("system"), credentials=(("grand-kyiv.token", Path("/etc/greenbot/secrets/grand-kyiv.token")),)
    )
    text = texts.units(of)["greenbot.service"]
    assert "\nLoadCredential=grand-kyiv.token:/etc/greenbot/secrets/grand-kyiv.token\n" in text
    assert "LoadCredential" not in texts.units(situation("system"))["greenbot.service"]


@pytest.mark.parametrize(
    ("word", "command", "setting"),
    [
        ("/opt/greenbot", "/opt/greenbot", "/opt/greenbot"),
        ("/opt/green bot", '"/opt/green bot"', '"/opt/green bot"'),
        ("100%", "100%%", "100%%"),
        ("$HOME", "$$HOME", "$HOME"),
        ('a"b\\c', '"a\\"b\\\\c"', '"a\\"b\\\\c"'),
        ("", '""', '""'),
    ],
)
def test_words_reach_systemd_as_they_are(word: str, command: str, setting: str) -> None:
    assert for_systemd((word,)) == command
    assert quoted_for_systemd(word) == setting


def test_agents_of_macos_are_property_lists() -> None:
    agents = {name: plistlib.loads(text.encode()) for name, text in texts.agents(situation("user")).items()}
    serve = agents.pop("greenbot.serve.plist")
    assert serve["KeepAlive"] and serve["RunAtLoad"] and serve["Umask"] == 0o77
    assert [agent["StartCalendarInterval"] for agent in agents.values()] == [
        {"Hour": job.hour, "Minute": job.minute} for job in JOBS
    ]


def test_nginx_understands_its_file_and_passes_on_one_path(tmp_path: Path) -> None:
    text = texts.nginx(situation())
    assert "client_max_body_size 16m;" in text
    assert re.findall(r"location (\S+)", text) == ["/api/v1/webhooks/green-api", "/"]
    if shutil.which("nginx") and shutil.which("openssl"):
        folder = tmp_path / "live" / "hotel.example"
        folder.mkdir(parents=True)
        key, cert = folder / "privkey.pem", folder / "fullchain.pem"
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        subject = ["-subj", "/CN=hotel.example", "-keyout", str(key), "-out", str(cert)]
        subprocess.run([*made, *subject], check=True, capture_output=True)
        (tmp_path / "greenbot.conf").write_text(text.replace("/etc/letsencrypt", str(tmp_path)))
        (tmp_path / "nginx.conf").write_text(
            f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{ include {tmp_path}/greenbot.conf; }}\n"
        )
        done = subprocess.run(
            ["nginx", "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def test_caddy_understands_its_file_and_passes_on_one_path(tmp_path: Path) -> None:
    text = texts.caddy(situation())
    assert text.count("reverse_proxy") == 1
    if shutil.which("caddy"):
        file = tmp_path / "Caddyfile"
        file.write_text(text)
        done = subprocess.run(
            ["caddy", "validate", "--adapter", "caddyfile", "--config", str(file)],
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


def test_a_container_has_neither_root_nor_rights() -> None:
    image, compose = EVERY_TEXT["Containerfile"], EVERY_TEXT["compose.yaml"]
    user = re.findall(r"^USER (\d+)$", image, flags=re.MULTILINE)
    assert user == ["10001"] and f'user: "{user[0]}"' in compose
    assert "HEALTHCHECK" in image and "healthcheck:" in compose
    for word in ("read_only: true", 'cap_drop: ["ALL"]', "no-new-privileges:true", '"127.0.0.1:8080:8080"'):
        assert word in compose


def test_lnav_knows_every_field_of_a_line(tmp_path: Path) -> None:
    form = json.loads(texts.as_it_is("lnav.json"))["greenbot_log"]
    # lnav makes a table of SQL of these, and `from` is a word of SQL.
    assert set(form["value"]) == {"event", *FIELDS} - {"from"}
    shown = {piece["field"] for piece in form["line-format"] if isinstance(piece, dict)}
    assert shown <= set(form["value"]) | {"__timestamp__", "level"}
    if shutil.which("lnav"):
        environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
        (tmp_path / ".config").mkdir()
        (tmp_path / "greenbot.json").write_text(texts.as_it_is("lnav.json"))
        subprocess.run(["lnav", "-i", str(tmp_path / "greenbot.json")], env=environ, check=True, capture_output=True)
        (tmp_path / "greenbot.log").write_text(
            '{"time":"2026-11-22T08:00:01.212Z","level":"info","event":"call","instance":"grand-kyiv","ms":41}\n'
        )
        asked = ["lnav", "-n", "-c", ";select instance, ms from greenbot_log", str(tmp_path / "greenbot.log")]
        said = subprocess.run(asked, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert ["grand-kyiv", "41"] in [line.split() for line in said.stdout.splitlines()], said.stderr

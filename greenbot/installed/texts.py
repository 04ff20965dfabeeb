"""The files themselves, with their gaps filled. Pure."""

import re
from collections.abc import Mapping
from importlib.resources import files

from greenbot.installed.jobs import BACKUP, JOBS, REPORT, Job
from greenbot.installed.situation import Situation, for_shell, for_systemd, quoted_for_systemd

SERVICE = "greenbot.service"
_GAP = re.compile(r"@([A-Z_]+)@")
#: Ports below this one belong to root (ip(7)), so a service there needs one right more.
_FIRST_FREE_PORT = 1024


def units(of: Situation) -> dict[str, str]:
    """Every unit of systemd by its file name: the service, and a service and a timer for each job."""
    found = {SERVICE: _service(of)}
    for job in JOBS:
        found |= {f"greenbot-{job.name}.service": _job(of, job), f"greenbot-{job.name}.timer": _timer(job)}
    return found


def agents(of: Situation) -> dict[str, str]:
    """Every property list of launchd (macOS) by its file name."""
    found = {"greenbot.serve.plist": _agent(of, "serve", ("serve",), None)}
    return found | {f"greenbot.{job.name}.plist": _agent(of, job.name, job.words_in(of.state_dir), job) for job in JOBS}


def nginx(of: Situation) -> str:
    """A server for nginx that passes on the webhook path and nothing else."""
    return _filled("nginx.conf", {"HOST": of.host, "PORT": str(of.port)})


def caddy(of: Situation) -> str:
    """The same for Caddy."""
    return _filled("Caddyfile", {"HOST": of.host, "PORT": str(of.port)})


def prometheus(of: Situation) -> str:
    """A job for Prometheus."""
    return _filled("prometheus.yml", {"PORT": str(of.port)})


def cron(of: Situation) -> str:
    """Lines for `crontab -e`."""
    gaps = {
        "PROGRAM": for_shell(of.program).replace("%", r"\%"),
        "ENVIRONMENT": "\n".join(f"{name}={value}" for name, value in of.environment),
        "BACKUP_AT": BACKUP.cron,
        "BACKUP": for_shell(BACKUP.words),
        "REPORT_AT": REPORT.cron,
        "REPORT": for_shell(REPORT.words),
    }
    return _filled("crontab", gaps)


def as_it_is(name: str) -> str:
    """A file without gaps."""
    return files("greenbot").joinpath("installed", "files", name).read_text(encoding="utf-8")


def grafana() -> str:
    """The dashboard for Grafana."""
    return files("greenbot").joinpath("server", "grafana.json").read_text(encoding="utf-8")


def together(texts: Mapping[str, str], folder: str) -> str:
    """Several files as one text, each below its path, as `systemctl cat` shows them."""
    return "\n".join(f"# {folder}/{name}\n{text}" for name, text in texts.items())


def _service(of: Situation) -> str:
    gaps = {
        "PLACE": _place(of),
        "PROGRAM": for_systemd(of.program),
        "CREDENTIALS": _credentials(of),
        "SANDBOX": _sandbox(of),
        "TARGET": "multi-user.target" if of.scope == "system" else "default.target",
    }
    text = _filled("greenbot.service", gaps)
    # An unprivileged manager may not make a process harder to kill.
    return text.replace("MemoryMax=1G\n", "MemoryMax=1G\nOOMScoreAdjust=-500\n") if of.scope == "system" else text


def _job(of: Situation, job: Job) -> str:
    gaps = {
        "TIMER": f"greenbot-{job.name}.timer",
        "ABOUT": job.about,
        "PLACE": _place(of),
        "PROGRAM": for_systemd(of.program),
        "COMMAND": for_systemd(job.words_in(of.state_dir)),
        "SANDBOX": _sandbox(of),
    }
    return _filled("job.service", gaps)


def _timer(job: Job) -> str:
    return _filled("job.timer", {"ABOUT": job.about, "TIME": job.time})


def _place(of: Situation) -> str:
    """Whose process it is and where it may write."""
    lines = [f"Environment={quoted_for_systemd(f'{name}={value}')}" for name, value in of.environment]
    if of.scope == "user":
        return "\n".join([*lines, "WorkingDirectory=%h"])
    folders = ["StateDirectory=greenbot", "StateDirectoryMode=0700", "WorkingDirectory=%S/greenbot"]
    return "\n".join([f"User={of.account}", *lines, *folders])


def _credentials(of: Situation) -> str:
    """systemd reads these as root and shows them to this service alone; greenbot finds them by their names."""
    lines = [f"LoadCredential={name}:{str(path).replace('%', '%%')}" for name, path in of.credentials]
    return "\n".join(
        ["# Tokens that root keeps for it; after a change: systemctl restart greenbot", *lines] if lines else []
    )


def _sandbox(of: Situation) -> str:
    low = of.scope == "system" and 0 < of.port < _FIRST_FREE_PORT
    return _filled(f"sandbox.{of.scope}", {"CAPABILITIES": "CAP_NET_BIND_SERVICE" if low else ""}).rstrip("\n")


def _agent(of: Situation, name: str, words: tuple[str, ...], job: Job | None) -> str:
    import plistlib

    entries: dict[str, object] = {
        "Label": f"greenbot.{name}",
        "ProgramArguments": [*of.program, *words],
        "EnvironmentVariables": dict(of.environment),
        # 077: launchd wants it as a decimal number.
        "Umask": 0o77,
        "ProcessType": "Background",
    }
    if job is None:
        entries |= {"RunAtLoad": True, "KeepAlive": True, "ThrottleInterval": 5, "ExitTimeOut": 40}
    else:
        entries |= {"StartCalendarInterval": {"Hour": job.hour, "Minute": job.minute}, "Nice": 10}
    return plistlib.dumps(entries, sort_keys=False).decode("utf-8")


def _filled(name: str, gaps: Mapping[str, str]) -> str:
    """The text with every `@GAP@` filled; a line that held nothing but an empty one goes."""
    lines = []
    for line in as_it_is(name).split("\n"):
        found = _GAP.findall(line)
        filled = _GAP.sub(lambda gap: gaps[gap[1]], line)
        if filled or not found:
            lines.append(filled)
    return "\n".join(lines)

"""Machines that files are made for."""

from pathlib import Path

from greenbot.installed.situation import Scope, Situation, environment_of


def situation(scope: Scope = "system", *, program: str = "/opt/greenbot/bin/greenbot", port: int = 8080) -> Situation:
    return Situation(
        scope=scope,
        program=(program,),
        state_dir=Path("/var/lib/greenbot"),
        environment=environment_of(scope, {"GREENBOT_HOME": "/home/ira/green bot/100%"}),
        port=port,
    )

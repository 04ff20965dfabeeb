"""The two simulated hotels of a kill run: what goes wrong at their GREEN-API, and how greenbot is told of them."""

from pathlib import Path

from greenbot.simulator.world import Timings, World

HOTELS = {"kyiv": 1101000001, "odesa": 1101000002}
TOKEN = "5e1f" * 12 + "00"
FAULTS = (
    "drop-reply method=sendMessage p=0.02",
    "no-reply method=sendMessage p=0.004",
    "no-reply method=sendMessage p=0.004 execute=true",
    "late-execution@1 method=sendMessage p=0.01",
    "reset method=sendMessage p=0.01",
    "cut-response@60 method=sendMessage p=0.02",
    "5xx@502 method=sendMessage p=0.01 execute=true",
    "5xx@502 method=sendMessage p=0.005",
    "5xx@503 method=sendMessage p=0.01",
    "429 method=sendMessage p=0.005",
)
OMISSIONS = 0.01


def make_world(seed: int) -> World:
    """Two hotels whose GREEN-API loses answers and forgets messages."""
    timings = Timings(
        queue_delay=0.0, send_to_sent=0.05, sent_to_delivered=0.05, delivered_to_read=0.1, journal_lag=0.3
    )
    world = World(seed=seed, timings=timings)
    for number, (name, id_instance) in enumerate(HOTELS.items()):
        instance = world.add_instance(id_instance=id_instance, token=TOKEN, name=name, wid=f"1100765432{number}@c.us")
        instance.knobs.enforce_limits = False
        instance.knobs.journal_omission_rate = OMISSIONS
    for rule in FAULTS:
        world.faults.add(rule)
    return world


def write_config(home: Path, url: str) -> None:
    """Two instances on loopback, in a home of their own."""
    folder = home / "greenbot"
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    lines = ["[api]", "timeout_seconds = 2"]
    for name, id_instance in HOTELS.items():
        token = secrets / f"{name}.token"
        token.write_text(TOKEN)
        token.chmod(0o600)
        lines += [f"[instances.{name}]", f'id = "{id_instance}"', f'api_url = "{url}"', f'media_url = "{url}"']
    config = folder / "config.toml"
    config.write_text("\n".join(lines) + "\n")
    config.chmod(0o600)

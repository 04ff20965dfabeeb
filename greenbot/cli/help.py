"""`greenbot help`: the guide pages that ship with greenbot."""

from importlib.resources import files
from typing import Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UnknownTopic

group = Group("help", "Read a guide page")


@group.command("help")
def help_(
    run: Run,
    topic: Annotated[
        str | None, typer.Argument(metavar="[TOPIC]", help="Name of the page; without one, the list.")
    ] = None,
) -> None:
    """Read a guide page, or list them all.

    Examples:
    greenbot help
    greenbot help exit-codes
    """
    if topic is None:
        run.out.rows([{"topic": name, "about": about} for name, about in topics().items()], ("topic", "about"))
        return
    _print_page(run, page(topic))


def topics() -> dict[str, str]:
    """Every topic with the title of its page, by name."""
    pages = sorted(
        (entry for entry in files("greenbot").joinpath("guide").iterdir() if entry.name.endswith(".md")),
        key=lambda entry: entry.name,
    )
    return {entry.name.removesuffix(".md"): _title(entry.read_text(encoding="utf-8")) for entry in pages}


def page(topic: str) -> str:
    """The Markdown of a topic. Raises `UnknownTopic` with the nearest names."""
    known = topics()
    if topic not in known:
        from difflib import get_close_matches

        near = get_close_matches(topic, known, n=3)
        hint = f"Did you mean: {', '.join(near)}?" if near else None
        raise UnknownTopic(f"There is no page '{topic}'.", hint=hint)
    return files("greenbot").joinpath("guide", f"{topic}.md").read_text(encoding="utf-8")


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ").strip()


def _print_page(run: Run, text: str) -> None:
    if run.flags.json:
        run.out.record({"page": text})
    elif run.out.for_person:
        from greenbot.cli.guide_page import write_page

        write_page(text, run.out.stdout, no_color=run.out.no_color)
    else:
        run.out.stdout.write(text)

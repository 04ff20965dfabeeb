"""`greenbot templates …`: texts with gaps, kept under a name."""

from typing import TYPE_CHECKING, Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group

if TYPE_CHECKING:
    from greenbot.campaigns.templates import Template

group = Group("templates", "Texts with gaps such as {{name}}, kept under a name.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the template is called.")]
Body = Annotated[str | None, typer.Argument(metavar="[TEXT]", help="The text, - for stdin, or @file.")]


@group.command("list", rows=True)
def list_(run: Run) -> None:
    """All templates with the names of their gaps.

    Examples:
    greenbot templates list
    """
    from greenbot.campaigns.templates import listed

    rows = [_row(template) for template in listed(run.store)]
    run.out.rows(rows, ("name", "variables", "text"), more=("changed",), empty="No template yet.")


@group.command("show")
def show(run: Run, name: Name) -> None:
    """The text of a template, as it was written.

    Examples:
    greenbot templates show late-checkout
    """
    from greenbot.campaigns.templates import get

    template = get(run.store, name)
    if run.flags.json:
        run.out.record(_row(template))
    else:
        run.out.block(template.text)


@group.command("add", dry_run=True)
def add(run: Run, name: Name, text: Body = None) -> None:
    """Keep a text under a name. A gap is written {{name}}, or {{name|guest}} with words for when it stays empty.

    Examples:
    greenbot templates add late-checkout "Dear {{name|guest}}, stay until {{time}} tomorrow?"
    greenbot templates add welcome @welcome.txt
    """
    from greenbot.campaigns import templates
    from greenbot.cli.values import text_of

    body = text_of(text, what="text")
    if run.flags.dry_run:
        _say_gaps(run, name, templates.variables_of(body))
        return
    run.must_write()
    run.out.record(_row(templates.add(run.store, name, body, run.clock)), essential="name")


@group.command("edit", dry_run=True)
def edit(run: Run, name: Name, text: Body = None) -> None:
    """Replace the text of a template. Campaigns already planned keep their words.

    Examples:
    greenbot templates edit welcome @welcome.txt
    """
    from greenbot.campaigns import templates
    from greenbot.cli.values import text_of

    body = text_of(text, what="text")
    if run.flags.dry_run:
        templates.get(run.store, name)
        _say_gaps(run, name, templates.variables_of(body))
        return
    run.must_write()
    run.out.record(_row(templates.edit(run.store, name, body, run.clock)), essential="name")


@group.command("remove", dry_run=True)
def remove(run: Run, name: Name) -> None:
    """Forget a template. Campaigns already planned keep their words.

    Examples:
    greenbot templates remove late-checkout
    """
    from greenbot.campaigns import templates

    if run.flags.dry_run:
        run.out.say(f"Would remove the template {templates.get(run.store, name).name}.")
        return
    run.must_write()
    templates.remove(run.store, name)
    run.out.say(f"Removed the template {name}.")


@group.command("render")
def render(
    run: Run,
    name: Name,
    var: Annotated[
        list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="Fill a gap. Repeat for more.")
    ] = None,
) -> None:
    """The text with its gaps filled, as a guest would read it. Nothing is sent.

    Examples:
    greenbot templates render late-checkout --var name=Olena --var time=14:00
    """
    from greenbot.campaigns.templates import text_for

    text = text_for(run.store, name, variables(var))
    if run.flags.json:
        run.out.record({"name": name, "text": text})
    else:
        run.out.block(text)


def variables(given: list[str] | None) -> dict[str, str]:
    """What `--var` options say. Raises `UsageError` for one that is not NAME=VALUE."""
    from greenbot.cli.values import assignment

    return {name: str(value) for name, value in (assignment(item, typed=False) for item in given or ())}


def _row(template: "Template") -> dict[str, object]:
    from greenbot.clock import iso_utc

    return {
        "name": template.name,
        "variables": list(template.variables),
        "text": template.text,
        "changed": iso_utc(template.changed_at_ms),
    }


def _say_gaps(run: Run, name: str, gaps: tuple[str, ...]) -> None:
    run.out.say(f"Would keep the template {name}; its gaps: {', '.join(gaps) or 'none'}.")

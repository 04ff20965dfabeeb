"""`greenbot completion SHELL`."""

from typing import Annotated

import typer

from greenbot.cli.run import Run
from greenbot.cli.tree import Group
from greenbot.errors import UsageError

group = Group("completion", "Print the completion script of a shell")
SHELLS = ("bash", "zsh", "fish")


@group.command("completion")
def completion(run: Run, shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help="Your shell.")]) -> None:
    """Print the completion script of a shell.

    Examples:
    greenbot completion bash > ~/.local/share/bash-completion/completions/greenbot
    greenbot completion zsh > "${fpath[1]}/_greenbot"
    greenbot completion fish > ~/.config/fish/completions/greenbot.fish
    """
    if shell not in SHELLS:
        raise UsageError(f"There is no completion for '{shell}'.", hint=f"Shells: {', '.join(SHELLS)}")
    from typer._completion_shared import get_completion_script

    run.out.stdout.write(
        get_completion_script(prog_name="greenbot", complete_var="_GREENBOT_COMPLETE", shell=shell) + "\n"
    )

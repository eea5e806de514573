"""`agcx completion`: a script for the shell, which asks the program for completions."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    bash: eval "$(agcx completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc;
    fish: agcx completion fish > ~/.config/fish/completions/agcx.fish
    """
    from click.shell_completion import get_completion_class

    maker = get_completion_class(shell)
    assert maker is not None
    program = context.find_root().command
    # Not `source()`: for bash, it would run bash to check its version.
    script = maker(program, {}, "agcx", "_AGCX_COMPLETE")
    click.echo(script.source_template % script.source_vars())

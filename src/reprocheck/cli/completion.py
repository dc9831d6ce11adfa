"""`reprocheck completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print a completion script for SHELL.

    \b
    bash:  eval "$(reprocheck completion bash)"     in ~/.bashrc
    zsh:   eval "$(reprocheck completion zsh)"      in ~/.zshrc
    fish:  reprocheck completion fish > ~/.config/fish/completions/reprocheck.fish
    """  # noqa: D301 — click keeps line breaks behind the character itself
    from reprocheck.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(cli, {}, "reprocheck", "_REPROCHECK_COMPLETE").source())
    return 0

"""``tradecli completion``: a script for the shell with every command word in it, so that completing runs no Python."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from tradecli.cli import options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.groups import WORDS
from tradecli.cli.output import Answer
from tradecli.config.place import locate
from tradecli.errors import UsageError

app = Commands("completion", "Shell completion script.", single=True)
SHELLS = ("bash", "zsh", "fish", "powershell")


class ScriptRow(msgspec.Struct, frozen=True, kw_only=True):
    """A completion script."""

    written_for: str
    script: str


@app.answers(schema="tradecli.completion/1", row=ScriptRow)
def completion(
    shell: Annotated[
        str, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell", show_default=False)
    ],
) -> Answer:
    """Print the completion script of a shell: tradecli completion bash > FILE."""
    given = options.current()
    made = script(parse.one_of(shell, SHELLS, "SHELL"))
    mode = locate(given.profile, given.config, given.db).mode
    row = ScriptRow(written_for=shell, script=made)
    return Answer(schema="tradecli.completion/1", mode=mode, data=[row], as_of=given.now, text=lambda: made)


def script(shell: str) -> str:
    """Return the script for one shell."""
    words = command_words()
    flags = [f"--{flag.name}" for flag in options.FLAGS] + ["--help"]
    match shell:
        case "bash":
            return _bash(words, flags)
        case "zsh":
            return "autoload -U +X bashcompinit && bashcompinit\n" + _bash(words, flags)
        case "fish":
            return _fish(words)
        case _:
            return _powershell(words, flags)


def command_words() -> dict[str, list[str]]:
    """Return the second words of every first word; none for a word that is a command itself."""
    from tradecli.cli.main import parser

    found: dict[str, list[str]] = {}
    for word in WORDS:
        try:
            commands = parser(word)
        except UsageError:  # not built yet
            continue
        found[word] = list(getattr(commands, "commands", {}))
    return found


def _bash(words: dict[str, list[str]], flags: list[str]) -> str:
    cases = "".join(f'    {word}) choices="{" ".join(subs)}" ;;\n' for word, subs in words.items() if subs)
    return f"""_tradecli() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" choices=""
  if [[ "$current" == -* ]]; then
    choices="{" ".join(flags)}"
  elif (( COMP_CWORD == 1 )); then
    choices="{" ".join(words)}"
  elif (( COMP_CWORD == 2 )); then
    case "${{COMP_WORDS[1]}}" in
{cases}    esac
  fi
  COMPREPLY=( $(compgen -W "$choices" -- "$current") )
}}
complete -o default -F _tradecli tradecli
"""


def _fish(words: dict[str, list[str]]) -> str:
    lines = ["complete -c tradecli -f"]
    lines += [
        f"complete -c tradecli -n __fish_use_subcommand -a {word} -d '{_apostrophes(WORDS[word].summary)}'"
        for word in words
    ]
    lines += [
        f"complete -c tradecli -n '__fish_seen_subcommand_from {word}' -a '{' '.join(subs)}'"
        for word, subs in words.items()
        if subs
    ]
    lines += [
        f"complete -c tradecli -l {flag.name}{' -r' if flag.metavar else ''} -d '{_apostrophes(flag.help)}'"
        for flag in options.FLAGS
    ]
    return "\n".join(lines) + "\n"


def _powershell(words: dict[str, list[str]], flags: list[str]) -> str:
    table = "\n".join(
        f"    '{word}' = @({', '.join(repr(sub) for sub in subs)})" for word, subs in words.items()
    )
    return f"""Register-ArgumentCompleter -Native -CommandName tradecli -ScriptBlock {{
  param($current, $ast, $position)
  $table = @{{
{table}
  }}
  $flags = @({", ".join(repr(flag) for flag in flags)})
  $typed = @($ast.CommandElements | ForEach-Object {{ "$_" }})
  $choices = if ("$current".StartsWith('-')) {{ $flags }}
    elseif ($typed.Count -le 2 -and -not $table.ContainsKey("$($typed[1])")) {{ $table.Keys | Sort-Object }}
    else {{ $table["$($typed[1])"] }}
  $choices | Where-Object {{ $_ -like "$current*" }} |
    ForEach-Object {{ [System.Management.Automation.CompletionResult]::new($_) }}
}}
"""


def _apostrophes(text: str) -> str:
    return text.replace("'", "\\'")

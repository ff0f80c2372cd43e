"""Pages are true: what they name exists. Rendered help is what the parser prints now."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from tests.cli.conftest import Run
from tradecli.cli import help as pages
from tradecli.cli import options, render_help
from tradecli.cli.commands import spec_of
from tradecli.cli.completion import SHELLS, command_words, script
from tradecli.cli.groups import WORDS
from tradecli.cli.main import parser
from tradecli.config import sections
from tradecli.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(pages.PAGES.glob("*.md"))
COMMAND = re.compile(r"\btradecli ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
TICKED = re.compile(r"`([^`\n]+)`")


def test_the_rendered_help_is_what_the_parser_prints_now() -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in render_help.FOLDER.glob("*.txt")}
    assert shipped == render_help.pages(), "run python -m tradecli.cli.render_help"


@pytest.mark.parametrize("path", sorted(render_help.FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_help_fits_eighty_columns_and_is_plain(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert max(len(line) for line in text.splitlines()) <= 80
    assert text.isprintable() or set(text) - {"\n"} == {c for c in text if c.isprintable()}


def named_commands(text: str) -> list[tuple[str, str | None]]:
    return [(match[1], match[2]) for match in COMMAND.finditer(text)]


def unknown_commands(text: str) -> list[str]:
    """Return the commands that ``text`` names and that are not in the table, or whose second word is not in its
    group.
    """
    built = command_words()
    unknown = []
    for word, second in named_commands(text):
        known = {*pages.topics(), "topics"} if word == "help" else built.get(word)
        if word not in WORDS or (second and known and second not in known):
            unknown.append(f"tradecli {word} {second or ''}".strip())
    return unknown


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_command_that_a_page_names_exists(path: Path) -> None:
    assert unknown_commands(path.read_text(encoding="utf-8")) == []


def test_every_command_that_the_readme_and_the_example_name_exists() -> None:
    assert unknown_commands((ROOT / "README.md").read_text(encoding="utf-8")) == []
    assert unknown_commands((ROOT / "config.toml.example").read_text(encoding="utf-8")) == []


def test_a_command_that_does_not_exist_would_be_found() -> None:
    named = "tradecli vol show, tradecli vol nothing, tradecli nowhere, tradecli help nowhere"
    assert unknown_commands(named) == ["tradecli vol nothing", "tradecli nowhere", "tradecli help nowhere"]


def lines_of(path: Path) -> list[list[str]]:
    """The command lines that a page shows: indented, or in a block of shell."""
    text = path.read_text(encoding="utf-8")
    shown = re.findall(r"^ {4}(tradecli .+)$|^(tradecli .+)$", text, re.MULTILINE)
    return [
        shlex.split(re.sub(r"\s{2,}.*", "", first or second), comments=True)[1:] for first, second in shown
    ]


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.stem)
def test_every_flag_of_a_shown_command_line_exists_and_has_a_meaning_there(path: Path) -> None:
    for words in lines_of(path):
        given, rest = options.split(words, 1_800_000_000_000)
        command = parser(rest[0])
        subcommands = getattr(command, "commands", {})
        if len(rest) > 1 and rest[1] in subcommands:
            command = subcommands[rest[1]]
        options.check_uses(given, spec_of(command).uses, " ".join(words))
        own = {name for param in command.params for name in param.opts}
        assert {word for word in rest if word.startswith("--")} <= own, words


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_key_and_file_that_a_page_names_exists(path: Path) -> None:
    keys = set(sections.all_keys())
    tables = {key.rpartition(".")[0] for key in keys} | {"venues.NAME", "profiles.NAME"}
    for text in TICKED.findall(path.read_text(encoding="utf-8")):
        if re.fullmatch(r"\[[a-zA-Z.]+\]", text):
            assert text[1:-1] in tables, text
        elif re.fullmatch(r"(?:run|risk|paper|vol|signals|flow|funding|inventory|hedge)\.[a-z_.]+", text):
            assert text in keys, text
        elif re.fullmatch(r"(?:tradecli|engine)/[\w/]+\.py", text):
            file = text if text.startswith("tradecli/") else f"tradecli/{text}"
            assert file == "tradecli/wiring.py" or (ROOT / file).exists() or "NAME" in file, text


def test_the_page_of_exit_codes_lists_every_code() -> None:
    text = (pages.PAGES / "exit-codes.md").read_text(encoding="utf-8")
    listed = {int(number) for row in re.findall(r"^\| ([\d, ]+) \|", text, re.M) for number in row.split(",")}
    assert listed == {int(code) for code in ExitCode}


def test_every_topic_can_be_read_and_an_unknown_one_names_the_nearest(run: Run) -> None:
    for topic in [*pages.topics(), "topics"]:
        result = run("help", topic, "--format", "json")
        assert result.code == 0 and result.data, topic
    result = run("help", "safty")
    assert result.code == 15 and "did you mean 'safety'?" in result.err


PARTS = {"regime", "jumps", "variance-ratio", "implied", "greeks", "score"}
"""Methods of the volatility desk that no option names: rows and facts of its reports, and the score card."""
CONTAINERS = {"backfill"}
"""Commands that compute by a method named elsewhere."""


def offered_by_vol() -> set[str]:
    """Every command of ``vol``, every value of an option that chooses a method, every model and estimator."""
    from tests.components.vol.test_show import view
    from tests.fakes.desk import BTC
    from tradecli.cli.vol import METHODS
    from tradecli.components.vol import COMPONENT, measures
    from tradecli.components.vol.settings import GridSettings, VolSettings
    from tradecli.quant.ahead import MODELS

    chosen = {
        word
        for kind in [*(topic.query for topic in COMPONENT.topics if topic.query), GridSettings]
        for hint in get_type_hints(kind).values()
        if get_origin(hint) is Literal
        for word in get_args(hint)
    }
    beside = measures.side_by_side(view(), BTC, VolSettings())
    estimators = {each.name for each in beside.estimators}
    return {*command_words()["vol"], *METHODS, *MODELS, *chosen, *estimators, *PARTS} - CONTAINERS


def test_every_method_that_vol_offers_has_a_page_with_formula_source_and_limits(run: Run) -> None:
    offered = offered_by_vol()
    assert {"parkinson", "yang-zhang", "egarch", "bvx", "5d", "premium", "glft", "grid", "cone"} <= offered
    known = pages.entries("vol")
    assert offered <= set(known), offered - set(known)
    for name in sorted(offered):
        text = known[name]
        formula = re.search(r"Formula:\s+(.+?)(?=Source:)", text, re.DOTALL)
        assert formula and re.search(r"[=Σ√²λρ/]|mean of|quantiles", formula[1]), name
        assert re.search(r"Source:\s+\S.+?\.", text, re.DOTALL), name
        assert re.search(r"Limits:\s+\S", text), name
    shown = run("help", "vol.garman-klass")
    assert shown.code == 0 and "2 ln 2 − 1" in shown.out and "Parkinson (1980)" not in shown.out
    assert "did you mean 'vol.parkinson'?" in run("help", "vol.parkinsen").err


def test_the_page_of_options_names_every_global_flag(run: Run) -> None:
    from tradecli.cli.options import FLAGS

    text = run("help", "options").out
    assert all(f"--{flag.name}" in text for flag in FLAGS)


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_every_command(run: Run, shell: str) -> None:
    text = run("completion", shell).out
    assert text == script(shell)
    for word, seconds in command_words().items():
        assert word in text and all(second in text for second in seconds)

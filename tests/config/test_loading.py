"""One Config from defaults, profile, file, environment and flags; all problems at once (G02, G03, G08, G10, G11)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.config.conftest import RISK, Load, Wrong
from tradecli.components.base import Component
from tradecli.config import load, sections
from tradecli.config.problems import ConfigProblems
from tradecli.domain.enums import Mode
from tradecli.errors import ConfigError


def test_without_a_file_the_demo_profile_has_every_value_and_says_where_each_came_from() -> None:
    config = load(environment={})
    assert (config.profile, config.mode) == ("demo", Mode.DEMO)
    assert config.sources.keys() == sections.all_keys().keys()
    assert config.sources["risk.max_drawdown_pct"] == "built-in profile demo"
    assert config.sources["vol.weights.bitvol"] == "default"
    assert config.value("inventory.total_capital") == Decimal(100_000)
    assert config.value("vol.grid.kappa") == 2.0


def test_the_specified_keys_have_the_specified_defaults(loaded: Load) -> None:
    config = loaded(RISK)
    weights = [config.value(f"vol.weights.{name}") for name in ("bitvol", "lxvx", "garch", "realised")]
    assert weights == [0.30, 0.25, 0.25, 0.20]
    assert config.value("inventory.total_capital") == Decimal(1_000_000)
    assert config.value("inventory.max_inventory_ratio") == 0.3
    assert config.value("inventory.kelly_multiplier") == 0.25
    assert config.value("funding.min_rate_difference") == 0.005
    assert config.value("funding.max_single_position") == Decimal(100_000)


def test_later_sources_win_and_are_named(loaded: Load) -> None:
    text = (
        RISK
        + "[vol]\nwindow_days = 10\n[profiles.own]\nmode = 'paper'\n[profiles.own.vol]\nwindow_days = 20\n"
    )
    assert loaded(text).value("vol.window_days") == 10
    own = loaded(text, "own")
    assert own.value("vol.window_days") == 20 and own.sources["vol.window_days"] == "config.toml:16"
    over = loaded(text, "own", environment={"TRADECLI_VOL__WINDOW_DAYS": "30"})
    assert over.value("vol.window_days") == 30
    assert over.sources["vol.window_days"] == "environment TRADECLI_VOL__WINDOW_DAYS"
    flag = loaded(text, "own", environment={"TRADECLI_VOL__WINDOW_DAYS": "30"}, flags={"vol.window_days": 40})
    assert flag.value("vol.window_days") == 40 and flag.sources["vol.window_days"] == "--window-days"


def test_the_file_may_change_what_a_built_in_profile_states(loaded: Load) -> None:
    config = loaded("[risk]\nmax_symbol_pct = 12\n", "demo")
    assert config.risk.max_symbol_pct == 12 and config.risk.max_gross_pct == 300


def test_risk_keys_have_no_silent_default_in_a_profile_that_trades(wrong: Wrong) -> None:
    problems = wrong("[run]\nsymbols = ['BTCUSDT']\n")
    assert {problem.number for problem in problems} == {105}
    assert {problem.key for problem in problems} == {
        f"risk.{line.split(' = ')[0]}" for line in RISK.splitlines()[1:]
    }


def test_all_unstated_keys_are_one_line_and_the_other_problems_keep_theirs(wrong: Wrong) -> None:
    lines = ConfigProblems(wrong("[run]\nsymbols = ['BTCUSDT']\nsymbol = 1\n")).line().splitlines()
    assert len(lines) == 2
    assert "9 keys have no default: risk.max_order_notional_usd, " in lines[0]
    assert "tradecli config init" in lines[0]
    assert "E-CONFIG-104" in lines[1]


def test_what_only_asks_needs_no_limit_stated_and_a_stated_one_is_still_checked(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[risk]\nmax_symbol_pct = 12\n")
    config = load("paper", str(file), environment={}, trades=False)
    assert config.risk.max_symbol_pct == 12
    assert config.sources["risk.max_gross_pct"] == "no limit is used where nothing trades"
    file.write_text("[risk]\nmax_symbol_pct = -12\n")
    with pytest.raises(ConfigProblems, match="max_symbol_pct"):
        load("paper", str(file), environment={}, trades=False)


def test_every_problem_is_told_at_once_with_line_column_and_the_nearest_name(wrong: Wrong) -> None:
    text = (
        RISK
        + '[inventory]\n  kely_multiplier = 0.2\n[vol]\ninterval = "2h"\nwindow_days = true\n[riks]\nx = 1\n'
    )
    lines = [problem.line() for problem in wrong(text)]
    assert len(lines) == 3
    assert lines[0].endswith(
        'config.toml:12:3 unknown key "kely_multiplier" — did you mean "kelly_multiplier"? '
        "(tradecli config explain inventory)"
    )
    assert lines[0].startswith("E-CONFIG-104 ")
    assert ":15:1 vol.window_days must be a number, not true or false" in lines[1]
    assert lines[2].endswith(':16:2 unknown section "riks" — did you mean "risk"?')


HUGE = "9" * 400
TYPES = [
    ("risk.max_symbol_pct", value)
    for value in ("true", '"10"', "2020-01-01", "inf", "-inf", "nan", "-1", "0", "1e300", "[]", "{}", HUGE)
] + [("risk.max_open_orders", value) for value in ("1.5", "true", "0", "-3", "99999999999", '"1"')]


@pytest.mark.parametrize(("key", "value"), TYPES, ids=str)
def test_a_wrong_type_or_an_absurd_number_is_refused_at_its_place(wrong: Wrong, key: str, value: str) -> None:
    name = key.rpartition(".")[2]
    text = "\n".join(f"{name} = {value}" if line.startswith(name) else line for line in RISK.splitlines())
    (problem,) = wrong(text)
    assert problem.key.startswith(key) and ":" in problem.where


def test_the_cause_of_fifteen_meant_as_a_percentage_is_named(wrong: Wrong) -> None:
    (problem,) = wrong(RISK + "[inventory]\nkelly_multiplier = 25\n")
    assert problem.hint == "a fraction: write 0.25 for 25 %"


@pytest.mark.parametrize("name", ["key", "secret", "passphrase"])
def test_a_secret_pasted_into_the_file_is_refused_and_never_repeated(wrong: Wrong, name: str) -> None:
    secret = "AKcanary0123456789abcdef0123456789"
    problems = wrong(RISK + f'[venues.binance]\n{name} = "{secret}"\n')
    assert [problem.number for problem in problems] == [108]
    assert "canary" not in ConfigProblems(problems).line()


def test_a_key_like_text_is_refused_wherever_it_stands(wrong: Wrong) -> None:
    assert 108 in {
        p.number
        for p in wrong(RISK + '[run]\nstrategies = ["grid"]\non_exit = "Zx81kcanary77aabbccddeeff00"\n')
    }


@pytest.mark.parametrize("reference", ["env:BINANCE_API_KEY", "keyring:binance/main", "file:keys/binance"])
def test_references_to_keys_are_accepted(loaded: Load, reference: str) -> None:
    assert loaded(RISK + f'[venues.okx]\nkey = "{reference}"\n').venues["okx"].key == reference


@pytest.mark.parametrize("name", ["os.system:exit", "my/strategy.py", "../x", "Grid", "a b", ""])
def test_a_strategy_is_a_name_and_never_a_path(wrong: Wrong, name: str) -> None:
    assert wrong(RISK + f'[run]\nstrategies = ["{name}"]\n')


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TRADECLI_RISK__MAX_SYMBOL_PCT", "1_0"),
        ("TRADECLI_RISK__MAX_SYMBOL_PCT", "ten"),
        ("TRADECLI_RISK__MAX_SYMBOL_PCT", "nan"),
        ("TRADECLI_RISK__MAX_SYMBOL_PCT", "-5"),
        ("TRADECLI_RISK__MAX_SYMBL_PCT", "5"),
        ("TRADECLI_NOTHING__AT_ALL", "5"),
        ("TRADECLI_RUN__SYMBOLS", "BTCUSDT,BTCUSDT"),
        ("TRADECLI_RUN__ON_EXIT", "explode"),
    ],
)
def test_a_malformed_override_is_refused_and_the_variable_is_named(
    wrong: Wrong, variable: str, text: str
) -> None:
    (problem,) = wrong(RISK, environment={variable: text})
    assert problem.where == f"environment {variable}"


def test_an_override_reaches_lists_and_nested_tables(loaded: Load) -> None:
    overrides = {"TRADECLI_RUN__SYMBOLS": "BTCUSDT, ETHUSDT", "TRADECLI_VOL__WEIGHTS__BITVOL": "0.3"}
    config = loaded(RISK, environment=overrides)
    assert config.run.symbols == ["BTCUSDT", "ETHUSDT"]


def test_other_variables_of_the_program_are_no_overrides(loaded: Load) -> None:
    assert loaded(RISK, environment={"TRADECLI_SHARED": "x", "TRADECLI_CONFIG": "y"})


@pytest.mark.parametrize(("asked", "allowed"), [(Mode.DEMO, True), (Mode.PAPER, True), (Mode.LIVE, False)])
def test_the_command_line_may_lower_a_mode_and_never_raise_it(
    loaded: Load, asked: Mode, allowed: bool
) -> None:
    if allowed:
        assert loaded(RISK, mode=asked).mode is asked
    else:
        with pytest.raises(ConfigError, match="cannot raise"):
            loaded(RISK, mode=asked)


def test_a_profile_pins_its_account(loaded: Load) -> None:
    text = RISK + '[profiles.live]\nmode = "live"\naccount_id = "12345678"\n'
    config = loaded(text, "live")
    assert (config.mode, config.account_id) == (Mode.LIVE, "12345678")


@pytest.mark.parametrize(
    "text",
    [
        "profiles = 3",
        "[profiles]\nx = 3",
        "[profiles.own]\nmode = 'paper'\nspeed = 3",
        "[profiles.own]\nmode = 'paper'\naccount_id = 123",
        "venues = 'binance'",
        "[venues]\nbinance = 'x'",
        "[venues.binance]\nkee = 'env:X'",
        "[venues.binance]\nkey = 3",
        "run = 3",
        "[run]\nsymbols = 'BTCUSDT'",
        "[run]\nsymbols = [1]",
        "[vol]\nweights = 3",
    ],
)
def test_tables_of_the_wrong_shape_are_problems_and_not_crashes(wrong: Wrong, text: str) -> None:
    assert wrong(text, "own" if "profiles.own" in text else "demo")


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(ConfigError) as refused:
        load("lvie")
    assert "demo, paper, rehearsal, replay" in str(refused.value.hint)


def test_every_component_has_its_section() -> None:
    from tradecli import components

    for component in getattr(components, "ALL", ()):
        assert isinstance(component, Component)
        assert sections.COMPONENTS[component.name] is component.settings


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(RISK) - 1), new=st.characters(codec="utf-8"))
def test_no_change_of_one_character_does_anything_but_load_or_be_refused(
    loaded: Load, at: int, new: str
) -> None:
    lines = []
    try:
        loaded(RISK[:at] + new + RISK[at + 1 :])
    except ConfigError as error:
        lines = error.line().splitlines()
    assert all(line.startswith("E-CONFIG-") for line in lines)

"""Settings: layers, sources, bounds, and what the operator is told about mistakes."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from config import layers
from config.policy_keys import GROUPS, as_policy
from config.settings import Settings
from config.template import user_file
from strategies.alvh.policy import Policy


def written(folder: Path, text: str) -> str:
    path = folder / "my.toml"
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def told(profile: str | None = None, user: str | None = None, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(layers.SettingsError) as caught:
        layers.load(profile, user, environ or {})
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("profile", ["demo", "dry-run", "paper"])
def test_shipped_profiles_are_valid_as_they_are(profile: str) -> None:
    assert layers.load(profile, None, {}).settings.mode == profile


def test_live_needs_an_account_and_is_valid_with_one(tmp_path: Path) -> None:
    (problem,) = told("live")
    assert "connection.account" in problem
    loaded = layers.load("live", written(tmp_path, '[connection]\naccount = "U1234567"\n'), {})
    assert loaded.settings.connection.account == "U1234567"


def test_nothing_named_means_dry_run() -> None:
    assert layers.load(None, None, {}).settings.mode == "dry-run"


def test_a_later_layer_wins_key_by_key_and_each_value_names_its_source(tmp_path: Path) -> None:
    mine = written(tmp_path, "[connection]\nport = 5000\nclient_id = 5\n")
    loaded = layers.load("paper", mine, {"ALVH_CONNECTION__PORT": "6000"})
    assert (loaded.settings.connection.port, loaded.source["connection.port"]) == (6000, "environment")
    assert (loaded.settings.connection.client_id, loaded.source["connection.client_id"]) == (5, mine)
    assert loaded.source["connection.host"] == "default"
    assert loaded.source["mode"].endswith("paper.toml")


def test_the_file_may_be_named_by_a_variable(tmp_path: Path) -> None:
    mine = written(tmp_path, "[connection]\nport = 5000\n")
    assert layers.load("paper", None, {"ALVH_CONFIG": mine}).settings.connection.port == 5000


def test_the_methods_profile_fills_in_what_nobody_sets(tmp_path: Path) -> None:
    mine = written(tmp_path, '[policy]\nprofile = "promoter"\n[policy.sizing]\ncoverage = 0.65\n')
    loaded = layers.load("paper", mine, {})
    policy = as_policy(loaded.settings.policy)
    assert policy.profile == "promoter"
    assert policy.unwind.stages == (0.7, 0.9, 1.0)
    assert loaded.source["policy.unwind.stages"] == "profile promoter"
    assert (policy.sizing.coverage, loaded.source["policy.sizing.coverage"]) == (0.65, mine)
    assert policy.caps == Policy().caps


def test_the_command_line_may_name_the_methods_profile(tmp_path: Path) -> None:
    mine = written(tmp_path, '[policy]\nprofile = "promoter"\n')
    loaded = layers.load("demo", mine, {}, method="steward")
    assert as_policy(loaded.settings.policy) == Policy()
    assert loaded.source["policy.profile"] == "command line"
    with pytest.raises(layers.SettingsError, match=r"command line: policy\.profile: 'bold'"):
        layers.load("demo", None, {}, method="bold")


def test_lists_in_variables_are_json() -> None:
    loaded = layers.load("demo", None, {"ALVH_POLICY__UNWIND__STAGES": "[0.4, 0.6, 0.8]"})
    assert as_policy(loaded.settings.policy).unwind.stages == (0.4, 0.6, 0.8)
    (problem,) = told("demo", None, {"ALVH_POLICY__UNWIND__STAGES": "0.4, 0.6"})
    assert "expected a list" in problem


def test_every_error_is_reported_at_once(tmp_path: Path) -> None:
    mine = written(
        tmp_path,
        '[connection]\nprot = 7497\nport = "x"\n[policy.sizing]\ncoverage = 3\n[gard]\na = 1\n'
        "[policy.tranches]\ncumulative = [0.5, 0.4, 1.0]\n[policy.signals]\nmacd_fast = 30\n",
    )
    problems = told("paper", mine, {"ALVH_CONECTION__PORT": "1"})
    assert len(problems) == 8
    assert any(
        "ALVH_CONECTION__PORT: no such setting" in p and "did you mean ALVH_CONNECTION__PORT?" in p for p in problems
    )
    assert any("connection.prot: no such setting" in p and "did you mean port?" in p for p in problems)
    assert any("gard: no such setting" in p and "did you mean guard?" in p for p in problems)
    assert any("connection.port: 'x', expected a valid integer" in p for p in problems)
    assert any("policy.sizing.coverage: 3, expected less than or equal to 1" in p for p in problems)
    assert any("each above the one before" in p for p in problems)
    assert any("between 0.25 and 0.35" in p for p in problems)
    assert any("macd_fast below macd_slow" in p for p in problems)


@pytest.mark.parametrize(
    "toml",
    [
        "[policy.sizing]\ncoverage = 0.29\n",
        "[policy.sizing]\ncoverage_max = 1.01\n",
        "[policy.sizing]\ncoverage = nan\n",
        "[policy.sizing]\ninflation_arm = inf\n",
        "[policy.tranches]\ncumulative = [0.24, 0.65, 1.0]\n",
        "[policy.tranches]\ncumulative = [0.36, 0.65, 1.0]\n",
        "[policy.tranches]\ncumulative = [0.30, 0.65, 0.9]\n",
        "[policy.tranches]\ncumulative = [0.30, 1.0]\n",
        "[policy.unwind]\nstages = [0.7, 0.5, 0.9]\n",
        "[policy.caps]\nmax_position_minis = 201\n[guard]\nmax_position_minis = 201\n",
        "[policy.caps]\nmax_position_minis = 31\n",
        "[policy.caps]\nmax_order_minis = 11\n",
        "[policy.contract]\nroll_dte = 12\n",
        "[policy.events]\nmax_contracts = 11\n[guard]\nmax_event_calls = 11\n",
        '[policy.core]\nmode = "active"\n[guard]\nmax_order_calls = 9\nmax_order_minis = 10\n'
        "[policy.events]\nmax_contracts = 9\n",
        "[guard]\nloss_unwind_share = 0.02\n",
        "[connection]\nport = 7496\n",
        '[connection]\naccount = "U1234567"\n',
        '[connection]\naccount = "not one"\n',
        'mode = "live"\n',
        "mode = [\n",
        "policy = 5\n",
    ],
)
def test_paper_refuses_what_could_hurt(tmp_path: Path, toml: str) -> None:
    problems = told("paper", written(tmp_path, toml))
    assert problems
    assert all("my.toml" in problem for problem in problems)
    assert all("\n" not in problem for problem in problems)


def test_live_refuses_a_paper_port_and_a_paper_account(tmp_path: Path) -> None:
    problems = told("live", written(tmp_path, '[connection]\nport = 4002\naccount = "DU123456"\n'))
    assert len(problems) == 2


def test_a_missing_file_and_an_unknown_mode_are_errors() -> None:
    assert "no such file" in told("paper", "/nowhere/my.toml")[0]
    assert "did you mean paper?" in told("papr")[0]


def test_the_policy_s_settings_are_the_policy_s_own_names_and_defaults() -> None:
    assert as_policy(Settings().policy) == Policy()
    assert {field.name for field in dataclasses.fields(Policy)} == {"profile", *GROUPS}
    for policy, bounds in GROUPS.values():
        assert {field.name for field in dataclasses.fields(policy)} == set(bounds), policy.__name__


def test_every_key_says_what_it_means() -> None:
    assert [key for key, field in layers.KEYS.items() if not field.description] == []


def test_the_file_to_begin_with_says_every_key_and_changes_nothing(tmp_path: Path) -> None:
    text = user_file()
    assert layers.load(None, written(tmp_path, text), {}).settings == layers.load(None, None, {}).settings
    lines = [re.sub(r"^# (?=[a-z0-9_]+ = )", "", line) for line in text.splitlines()]
    loaded = layers.load(None, written(tmp_path, "\n".join(lines)), {})
    assert loaded.settings == Settings()
    assert set(loaded.source.values()) == {str(tmp_path / "my.toml")}


def test_the_variables_that_are_no_settings_are_not_taken_for_misspelt_ones():
    for name in ("ALVH_KILL", "ALVH_CLIENT", "ALVH_TRACEBACK", "ALVH_SHARED_DATA"):
        assert layers.load("dry-run", environ={name: "1"}).settings.mode == "dry-run"


def test_secrets_are_shown_neither_in_the_listing_nor_in_what_is_wrong_with_them(tmp_path: Path) -> None:
    secret = "hooks.example/T0K3N"
    mine = written(tmp_path, f'[pages]\nurls = ["https://{secret}"]\n[watch]\nping_url = "https://{secret}"\n')
    settings = layers.load("paper", mine, {}).settings
    shown = [layers.plain(layers.value(settings, key)) for key in layers.KEYS]
    assert secret not in f"{shown} {settings!r} {settings}"
    assert layers.plain(settings.pages.urls) == ["(secret)"]
    assert layers.plain(settings.watch.ping_url) == "(secret)"
    assert settings.pages.urls[0].get_secret_value() == f"https://{secret}"
    wrong = (
        told("paper", written(tmp_path, f'[pages]\nurls = "https://{secret}"\n')),
        told("paper", written(tmp_path, f'[pages]\nurls = [["https://{secret}"]]\n')),
        told("paper", written(tmp_path, f'pages = "https://{secret}"\n')),
        told("paper", written(tmp_path, f'[pages]\nurls = ["ftp://{secret}"]\n')),
        told("paper", written(tmp_path, f'[watch]\nping_url = "{secret}"\n')),
        told("paper", None, {"ALVH_PAGES__URLS": f"https://{secret}"}),
    )
    for problems in wrong:
        assert problems
        assert not any("T0K3N" in problem for problem in problems), problems

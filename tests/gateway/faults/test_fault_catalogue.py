"""The table of kinds: nothing that was seen of real gateways is without a kind, and no kind is without a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.gateway.errors import FaultError
from bot.gateway.faults import KINDS, Fault, check, faults_as_toml, faults_from, read_faults
from bot.gateway.faults.failures import FAILURES

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[2] / "docs" / "examples" / "faults"
NEEDED = {"frame": {"act": "drop"}, "bad-data": {"fields": ["bid"]}}


def written_tests() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(HERE.glob("test_fault_*.py")))


def test_the_failures_are_numbered_1_to_27() -> None:
    assert list(FAILURES) == [f"F{number}" for number in range(1, 28)]


@pytest.mark.parametrize("number", list(FAILURES))
def test_every_failure_has_a_kind_and_a_test(number: str) -> None:
    assert [kind.name for kind in KINDS.values() if number in kind.rows]
    assert re.search(rf"def test_{number.lower()}_", written_tests())


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_is_put_in_by_a_test_and_names_only_known_failures(name: str) -> None:
    assert re.search(rf'inject\(\s*"{name}"|\("{name}", "', written_tests())
    assert KINDS[name].rows
    assert set(KINDS[name].rows) <= set(FAILURES)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_default_and_every_typical_value_is_one_that_may_be_said(name: str) -> None:
    kind = KINDS[name]
    plain = Fault.of(name, **NEEDED.get(name, {}))
    check(plain)
    for key in kind.keys.known:
        assert key.problem(key.default) == "" or key.needed
        for value in key.typical:
            assert key.problem(value) == "", (name, key.name, value)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_refuses_what_it_does_not_know_and_numbers_out_of_bounds(name: str) -> None:
    plain = Fault.of(name, **NEEDED.get(name, {}))
    with pytest.raises(FaultError, match="'nonsense' is not known"):
        check(plain.but(nonsense=1))
    for key in KINDS[name].keys.known:
        if isinstance(key.default, int | float) and not isinstance(key.default, bool) and key.low > -1e9:
            with pytest.raises(FaultError, match=rf"{key.name} is .*; expected a (whole )?number from"):
                check(plain.but(**{key.name: key.low - 1}))


def test_every_kind_is_written_and_read_back() -> None:
    faults = tuple(
        Fault.of(name, **NEEDED.get(name, {})).but(**{key.name: key.typical[0]})
        for name, kind in KINDS.items()
        for key in kind.keys.known
        if key.typical and key.name not in ("act", "direction", "vanish_s")
    )
    assert faults_from(faults_as_toml(faults)) == faults


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_is_read(path: Path) -> None:
    assert len(read_faults(path)) >= 4


@pytest.mark.parametrize(
    "fault",
    [
        Fault.of("line-lost", repeat_s=0.0),
        Fault.of("odd-frame", repeat_s=1e-9),
        Fault.of("competing-session", repeat_s=0.5),
        Fault.of("line-lost", lasts_s=10**400),
        Fault.of("reject", code=10**30),
        Fault.of("bad-data", fields=["bid"], value=-(10**400)),
        Fault.of("line-lost", lasts_s=float("nan")),
        Fault.of("restart", vanish="requests", vanish_s=60.0, lasts_s=60.0),
    ],
    ids=str,
)
def test_a_number_that_would_stop_the_gateway_is_refused(fault: Fault) -> None:
    with pytest.raises(FaultError, match=r"expected|less than"):
        check(fault)


def test_a_daily_fault_that_outlasts_its_day_is_one_fault() -> None:
    from datetime import timedelta

    from bot.gateway.server import Gateway
    from tests.gateway.fakes_gateway import START, FakeExchange, FakeMarket

    market = FakeMarket()
    gateway = Gateway(market, FakeExchange(market), faults=[Fault.of("stall", at="09:35", daily=True, lasts_s=2e5)])
    gateway.advance(START + timedelta(days=2))
    assert len(gateway.faults.active) == 1
    gateway.advance(START + timedelta(days=2, hours=12))
    assert gateway.faults.active == ()
    gateway.advance(START + timedelta(days=3, hours=1))
    assert len(gateway.faults.active) == 1


def test_every_message_that_a_fault_names_is_one_that_the_gateway_knows() -> None:
    from bot.gateway.faults.line import TICKS, UPSTREAM, VALUES
    from bot.gateway.faults.lists import ENDS, HELD
    from bot.gateway.faults.parcel import NAMES

    assert set(NAMES) >= TICKS | UPSTREAM | VALUES | HELD | set(ENDS)

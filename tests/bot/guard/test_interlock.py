"""Mode, port, account and settings must agree; every disagreement is named."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from bot.errors import Refuse
from bot.guard.instance import InstanceLock
from bot.guard.interlock import Link, disagreements, interlock

PAPER = Link(mode="paper", port=7497, account="DU1", configured_account="DU1", simulated=False, may_write=True)


@pytest.fixture
def live(tmp_path: Path) -> Link:
    arm = tmp_path / "arm"
    arm.write_text("U7654321\n")
    return Link(
        mode="live",
        port=7496,
        account="U7654321",
        configured_account="U7654321",
        simulated=False,
        may_write=True,
        arm_file=arm,
        confirmed_account="U7654321",
    )


def test_what_agrees_passes(live: Link) -> None:
    for link in (
        live,
        replace(live, port=4001),
        PAPER,
        replace(PAPER, port=4002, account="DF1", configured_account=""),
        replace(PAPER, port=50000, simulated=True, simulated_paper_allowed=True),
        replace(PAPER, mode="demo", simulated=True, port=50000),
        replace(live, mode="dry-run", may_write=False, arm_file=None, confirmed_account=""),
    ):
        assert disagreements(link) == ()
        interlock(link)


def test_every_cross_pair_of_mode_port_and_account_is_refused(live: Link) -> None:
    for mode, port, account in product(("paper", "live"), (7497, 4002, 7496, 4001), ("DU1", "U7654321")):
        base = replace(
            live, mode=mode, port=port, account=account, configured_account=account, confirmed_account=account
        )
        right = len({mode == "paper", port in (7497, 4002), account == "DU1"}) == 1
        assert (disagreements(base) == ()) is right, (mode, port, account)


@pytest.mark.parametrize(
    "changes",
    [
        {"arm_file": None},
        {"arm_file": Path("/nonexistent/arm")},
        {"confirmed_account": ""},
        {"confirmed_account": "U7654322"},
        {"configured_account": ""},
        {"configured_account": "U7654322"},
        {"simulated": True},
        {"port": 5000},
    ],
)
def test_live_needs_each_of_its_switches(live: Link, changes: dict[str, object]) -> None:
    assert len(disagreements(replace(live, **changes))) == 1  # type: ignore[arg-type]


def test_an_arm_file_for_another_account_does_not_arm(live: Link) -> None:
    assert live.arm_file is not None
    live.arm_file.write_text("U1")
    assert any("must contain" in why for why in disagreements(live))


@pytest.mark.parametrize(
    "changes",
    [
        {"port": 7496},
        {"port": 5000},
        {"simulated": True, "port": 5000},
        {"account": "U1", "configured_account": "U1"},
        {"configured_account": "DU2"},
        {"mode": "demo"},
        {"mode": "dry-run"},
        {"mode": "real"},
    ],
)
def test_one_thing_wrong_is_refused(changes: dict[str, object]) -> None:
    assert len(disagreements(replace(PAPER, **changes))) == 1  # type: ignore[arg-type]


def test_the_refusal_lists_everything_that_disagrees() -> None:
    wrong = replace(PAPER, account="U1", port=7496)
    with pytest.raises(Refuse) as refused:
        interlock(wrong)
    assert all(part in str(refused.value) for part in ("settings name account DU1", "DU or DF", "7496 is a live port"))


def test_a_second_bot_on_the_account_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first, second = InstanceLock(tmp_path, "DU1"), InstanceLock(tmp_path, "DU1")
    first.acquire()
    with pytest.raises(Refuse, match="one account has one bot"):
        second.acquire()
    InstanceLock(tmp_path, "DU2").acquire()
    first.release()
    second.acquire()

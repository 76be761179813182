from __future__ import annotations

import pytest
from builders import book, exposure, memory, spike_view, state

from strategies.alvh import permits
from strategies.alvh.permit import Permit
from strategies.alvh.policy import Policy
from strategies.alvh.reading import read
from strategies.alvh.records import Check
from strategies.alvh.tranches import Plan

READING = read(spike_view(), book(), state(), Policy(), memory(), exposure())


def granted(monkeypatch: pytest.MonkeyPatch, *given: Permit, number: int = 2, minis: int = 9) -> tuple[int, int | None]:
    monkeypatch.setattr(permits, "RULES", tuple(lambda reading, planned, one=one: one for one in given))
    found = permits.permit(READING, Plan(number=number, goal=minis, minis=minis, allowed=True, checks=()))
    assert found.checks == tuple(check for one in given for check in one.checks)
    return found.tranche, found.minis


def test_the_strictest_rule_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Check(name="a rule", observed=None, threshold=None, passed=True, why="so")
    assert granted(monkeypatch, Permit(minis=7, checks=(said,)), Permit(minis=4), Permit()) == (3, 4)
    assert granted(monkeypatch, Permit(tranche=2), Permit(tranche=3), Permit(minis=8)) == (2, 8)


def test_a_tranche_beyond_the_allowed_one_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert granted(monkeypatch, Permit(tranche=1), number=1) == (1, 9)
    assert granted(monkeypatch, Permit(tranche=1), number=2) == (1, 0)


def test_no_rule_makes_a_purchase_larger_or_negative(monkeypatch: pytest.MonkeyPatch) -> None:
    assert granted(monkeypatch, Permit(minis=50)) == (3, 9)
    assert granted(monkeypatch, Permit(minis=-2)) == (3, 0)
    assert granted(monkeypatch) == (3, 9)

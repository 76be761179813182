"""No profile, no setting and no path of the market makes the hedge larger than its cap, short, or outlive the condors.

A machine walks the core through random wake-ups: prices jump, the gauge swells and collapses, months run out, orders
fill in part, hang with an unknown outcome or end, foreign lots come and go. After every step the bounds must hold.
"""

from __future__ import annotations

from dataclasses import replace
from enum import EnumType
from typing import Any, get_args, get_type_hints

from builders import CLOSE, OPEN, VX, VX_FAR, VXM, VXM_FAR, memory, position
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from config.layers import KEYS, value
from config.policy_keys import GROUPS, as_policy
from config.rules import RULES
from config.settings import Settings
from strategies.alvh.policy import Policy, Profile
from strategies.alvh.profiles import resolve
from strategies.alvh.records import (
    Decision,
    FuturePosition,
    FutureQuote,
    MarketView,
    Purpose,
    Side,
    SurfaceSource,
    Window,
)
from tests.strategies.alvh.wakeup_walk import Walk, gauged, market

MINI = 100
CONTRACTS = (VX, VXM, VX_FAR, VXM_FAR)
LAST_MINUTE = (CLOSE - OPEN).total_seconds() / 60.0 - 1.0
LEFT_ALONE = {"caps", "freshness", "liquidity", "contract"}  # drawn by hand, or so that something is bought at all
NEED = st.sampled_from([150.0, 1300.0, 1300.0, 4000.0, 40_000.0, 1e9])  # dollars per VIX point
DAYS = st.sampled_from([30, 30, 30, 13, 8, 6, 2])


def one(group: str, name: str) -> st.SearchStrategy[Any]:
    """Return values of one setting inside the bounds that the settings file allows."""
    policy, bounds = GROUPS[group]
    annotation, bound = get_type_hints(policy)[name], bounds[name]
    if isinstance(annotation, EnumType):
        return st.sampled_from(list(annotation))  # type: ignore[call-overload, no-any-return]
    if annotation is bool:
        return st.booleans()
    low, high = bound.low, bound.high
    item = (get_args(annotation) or (annotation,))[0]
    plain = st.integers(int(low or 0), int(high or 1)) if item is int else st.floats(low, high)
    if not get_args(annotation):
        return plain
    return st.lists(plain, min_size=3, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))


NAMES = [
    (group, name)
    for group, (_, bounds) in GROUPS.items()
    if group not in LEFT_ALONE
    for name, bound in bounds.items()
    if bound.low is not None or get_type_hints(GROUPS[group][0])[name] is bool
]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Return what a settings file may say: a profile, caps, and a few settings anywhere inside their bounds."""
    said: dict[str, dict[str, Any]] = {"economics": {"enabled": False}}
    for group, name in draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True)):
        said.setdefault(group, {})[name] = draw(one(group, name))
    position_cap = draw(st.integers(1, 60))
    said["caps"] = {"max_position_minis": position_cap, "max_order_minis": draw(st.integers(1, min(50, position_cap)))}
    guard = {"max_position_minis": 200, "max_order_minis": 50}
    made = Settings(policy=said, guard=guard)  # type: ignore[arg-type]
    values = {key: value(made, key) for key in KEYS}
    assume(not any(known.broken(values) for known in RULES))
    explicit = {f"{group}.{name}" for group, names in said.items() for name in names}
    return resolve(draw(st.sampled_from(list(Profile))), as_policy(made.policy), explicit=explicit)


@st.composite
def exposures(draw: st.DrawFn) -> dict[str, Any]:
    """Return a gauge and a need, from nothing to far more than any cap."""
    inflation = draw(st.sampled_from([0.5, 0.5, 0.9, 0.35, 0.2, 0.05, None]))
    vega = draw(st.sampled_from([-2500.0, -2500.0, -300.0, -50_000.0, 400.0, None]))
    need = draw(st.sampled_from([1300.0, 1300.0, 150.0, 40_000.0, 1e9, 0.0, None]))
    return {"inflation": inflation, "vega30_usd": vega, "vega_delta_usd": need}


class Hedge(RuleBasedStateMachine):
    """Walk the core; the rules are what market, broker and trader may do to it."""

    @initialize(policy=policies(), modelled=st.integers(0, 5))
    def begin(self, policy: Policy, modelled: int) -> None:
        source = SurfaceSource.MODELLED if modelled == 0 else SurfaceSource.STORED
        start = memory()
        assert start.baseline is not None
        self.walk = Walk(policy=policy, memory=replace(start, baseline=replace(start.baseline, source=source)))
        self.foreign: tuple[FuturePosition, ...] = ()
        self.days = 30
        self.view = self.look(18.5, 21.0, climbs=True, window=Window.OPENING)

    @rule(
        vx=st.sampled_from([18.5, 19.0, 21.0, 26.0, 17.0, 16.2, 40.0, 9.5]),
        vix=st.sampled_from([21.0, 24.0, 35.0, 17.0, 16.5, 12.0]),
        climbs=st.sampled_from([True, True, False]),
        window=st.sampled_from([Window.OPENING, Window.OPENING, Window.CLOSING, Window.GUARDIAN]),
        valued=exposures(),
        days=DAYS,
        complete=st.sampled_from([True, True, True, False]),
        share=st.sampled_from([1.0, 1.0, 0.5, 0.0]),
    )
    def wake(
        self,
        vx: float,
        vix: float,
        climbs: bool,
        window: Window,
        valued: dict[str, Any],
        days: int,
        complete: bool,
        share: float,
    ) -> None:
        self.days = min(self.days, days)
        self.view = self.look(vx, vix, climbs=climbs, window=window)
        self.decide(valued, complete=complete)
        self.walk.fill(share, self.view)

    @rule(steps=st.integers(2, 6), need=NEED, days=DAYS)
    def spike(self, steps: int, need: float, days: int) -> None:
        """A spike that stands for a while, its orders filled: the way to the largest hedge."""
        self.days = min(self.days, days)
        top = max((lot.price for lot in self.walk.lots), default=18.5)
        for step in range(1, steps + 1):
            vx = top + 0.3 * step
            self.view = self.look(vx, believed(vx), climbs=True, window=Window.OPENING)
            self.decide({"inflation": 0.6, "vega_delta_usd": need, "vega30_usd": -max(2500.0, need)}, complete=True)
            self.bounded()
            self.walk.fill(1.0, self.view)
            self.bounded()
            self.walk.minute += 5.0

    @rule(
        what=st.sampled_from(["end", "lose", "flatten", "others", "condors", "wait", "wait"]),
        con_id=st.sampled_from(CONTRACTS),
        quantity=st.sampled_from([0, 0, -4, 6]),
        minutes=st.sampled_from([10.0, 30.0, 60.0]),
    )
    def meddle(self, what: str, con_id: int, quantity: int, minutes: float) -> None:
        """Between two wake-ups the broker, the trader and others do what they like."""
        match what:
            case "end":
                self.walk.cancel()
            case "lose":
                self.walk.working = tuple(replace(order, unknown=True) for order in self.walk.working)
            case "flatten":
                self.walk.flatten()
            case "others":
                self.foreign = (position(con_id, quantity),) if quantity else ()
            case "condors":
                self.walk.condors = not self.walk.condors
            case _:
                self.walk.minute = min(self.walk.minute + minutes, LAST_MINUTE)

    @precondition(lambda self: self.walk.own > 0)
    @rule(vx=st.sampled_from([18.5, 16.0, 30.0]))
    def close_every_condor(self, vx: float) -> None:
        """The exit is orderly: known orders end, and within as many wake-ups as it takes, all is sold."""
        self.walk.condors, self.foreign = False, ()
        self.walk.cancel()
        wakeups = 2 + self.walk.own
        for _ in range(wakeups):
            self.view = self.look(vx, 21.0, climbs=False, window=Window.GUARDIAN)
            self.decide({}, complete=True)
            self.walk.fill(1.0, self.view)
            self.bounded()
        assert self.walk.own == 0

    @invariant()
    def hold(self) -> None:
        if hasattr(self, "walk"):
            self.bounded()

    def bounded(self, beside: int = 0) -> None:
        """Check cap and ownership; `beside` are the minis that others hold when a purchase is decided."""
        walk = self.walk
        buying = sum(o.remaining * o.multiplier // MINI for o in walk.working if o.side is Side.BUY)
        assert walk.own + buying + beside <= walk.policy.caps.max_position_minis
        for con_id in CONTRACTS:
            owned = sum(lot.quantity for lot in walk.lots if lot.con_id == con_id)
            selling = sum(o.remaining for o in walk.working if o.side is Side.SELL and o.con_id == con_id)
            assert 0 <= selling <= owned

    def look(self, vx: float, vix: float, *, climbs: bool, window: Window) -> MarketView:
        self.walk.minute = min(self.walk.minute, LAST_MINUTE)
        view = market(self.walk.minute, vx=vx, vix=vix, climbs=climbs, window=window)
        return replace(view, futures=tuple(self.aged(future) for future in view.futures))

    def aged(self, future: FutureQuote) -> FutureQuote:
        """Return the contract as it is when the near month has `days` left; the far one stays two fortnights behind."""
        dte = self.days if future.con_id in (VX, VXM) else self.days + 28
        return replace(future, dte=dte, business_days=max(1, dte * 5 // 7))

    def decide(self, valued: dict[str, Any], *, complete: bool) -> Decision:
        held = [position(lot.con_id, lot.quantity, lot.settles_on) for lot in self.walk.lots]
        changes: dict[str, Any] = {"complete": complete}
        if self.foreign:
            changes["futures"] = merged((*held, *self.foreign))
        decision = self.walk.wake(self.view, replace(gauged(0.5), **valued), **changes)
        buys = [proposal for proposal in decision.proposals if proposal.side is Side.BUY]
        if not self.walk.condors:
            assert buys == []
        if any(proposal.purpose is Purpose.TRANCHE for proposal in buys):
            beside = sum(max(0, row.quantity) * row.multiplier // MINI for row in self.foreign)
            self.bounded(beside)
        for proposal in buys:
            assert proposal.quantity * proposal.multiplier // MINI <= self.walk.policy.caps.max_order_minis
        return decision


def believed(vx: float) -> float:
    """Return the VIX that VX implies from its settlement of 16, at the beta of 30 days."""
    return 16.0 + (vx - 16.0) / 0.506


def merged(rows: tuple[FuturePosition, ...]) -> tuple[FuturePosition, ...]:
    """Return the account's one row for each contract."""
    found: dict[int, FuturePosition] = {}
    for row in rows:
        before = found[row.con_id].quantity if row.con_id in found else 0
        found[row.con_id] = replace(row, quantity=row.quantity + before)
    return tuple(found.values())


TestHedge = Hedge.TestCase
TestHedge.settings = settings(
    max_examples=50, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)

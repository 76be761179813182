"""State what settings must satisfy together, beyond the range of each alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

PAPER_PORTS = (7497, 4002)
LIVE_PORTS = (7496, 4001)


@dataclass(frozen=True, slots=True)
class Rule:
    """Hold one rule over several keys: `holds` gets their values in the same order."""

    keys: tuple[str, ...]
    holds: Callable[..., bool]
    expected: str

    def broken(self, values: Mapping[str, Any]) -> bool:
        """Say whether the values break the rule."""
        return not self.holds(*(values[key] for key in self.keys))


def _rising(values: tuple[float, ...]) -> bool:
    return all(low < high for low, high in pairwise(values))


def _terms_fit(last: tuple[int, ...], roll: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(a <= b < c for a, b, c in zip(last, roll, wanted, strict=True))


def _at_most(low: float, high: float) -> bool:
    return low <= high


def _sums_to_one(chances: tuple[float, ...]) -> bool:
    return abs(sum(chances) - 1.0) < 1e-9


def is_web_address(url: str) -> bool:
    """Say whether a text is an http or https address with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _below(low: float, high: float) -> bool:
    return low < high


def _account_fits(mode: str, account: str) -> bool:
    if mode == "paper":
        return account == "" or account.startswith(("DU", "DF"))
    return mode != "live" or (account != "" and not account.startswith("D"))


RULES = (
    Rule(
        ("pages.urls",),
        lambda urls: all(is_web_address(url.get_secret_value()) for url in urls),
        "http or https addresses",
    ),
    Rule(
        ("watch.ping_url",),
        lambda url: not url.get_secret_value() or is_web_address(url.get_secret_value()),
        "an http or https address, or nothing",
    ),
    Rule(("policy.tranches.cumulative",), _rising, "three shares, each above the one before"),
    Rule(("policy.tranches.cumulative",), lambda c: 0.25 <= c[0] <= 0.35, "a first share between 0.25 and 0.35"),
    Rule(("policy.tranches.cumulative",), lambda c: c[-1] == 1.0, "a last share of exactly 1.0"),
    Rule(("policy.unwind.stages",), _rising, "three retracements, each above the one before"),
    Rule(("policy.unwind.stages",), lambda s: s[0] > 0, "a first retracement above 0"),
    Rule(("policy.sizing.coverage", "policy.sizing.coverage_max"), _at_most, "coverage at most coverage_max"),
    Rule(
        ("policy.sizing.inflation_disarm", "policy.sizing.inflation_keep"),
        _at_most,
        "inflation_disarm at most inflation_keep",
    ),
    Rule(
        ("policy.sizing.inflation_keep", "policy.sizing.inflation_arm"),
        _at_most,
        "inflation_keep at most inflation_arm",
    ),
    Rule(
        ("policy.sizing.inflation_watch", "policy.sizing.inflation_arm"),
        _at_most,
        "inflation_watch at most inflation_arm",
    ),
    Rule(
        ("policy.sizing.inflation_arm", "policy.sizing.inflation_cap"), _at_most, "inflation_arm at most inflation_cap"
    ),
    Rule(("policy.signals.macd_fast", "policy.signals.macd_slow"), _below, "macd_fast below macd_slow"),
    Rule(("policy.contract.min_dte", "policy.contract.max_dte"), _below, "min_dte below max_dte"),
    Rule(("policy.contract.roll_dte", "policy.contract.min_dte"), _below, "roll_dte below min_dte"),
    Rule(("policy.events.min_dte", "policy.events.max_dte"), _below, "events.min_dte below events.max_dte"),
    Rule(("policy.events.delta_low", "policy.events.delta_high"), _below, "delta_low below delta_high"),
    Rule(
        ("policy.events.exit_business_days", "policy.events.min_dte"), _below, "exit_business_days below events.min_dte"
    ),
    Rule(
        ("policy.events.fomc_from_minutes", "policy.events.fomc_until_minutes"),
        _below,
        "fomc_from_minutes below fomc_until_minutes",
    ),
    Rule(
        ("policy.core.roll_dte_last", "policy.core.roll_dte", "policy.core.dte"),
        _terms_fit,
        "for each term roll_dte_last at most roll_dte, and roll_dte below dte",
    ),
    Rule(("policy.core.dte",), _rising, "three terms, each longer than the one before"),
    Rule(("policy.liquidity.ratio_min", "policy.liquidity.ratio_ok"), _at_most, "ratio_min at most ratio_ok"),
    Rule(
        ("policy.liquidity.vx_spread_ticks", "policy.liquidity.vx_spread_ticks_max"),
        _at_most,
        "vx_spread_ticks at most vx_spread_ticks_max",
    ),
    Rule(
        ("policy.liquidity.vxm_spread_ticks", "policy.liquidity.vxm_spread_ticks_max"),
        _at_most,
        "vxm_spread_ticks at most vxm_spread_ticks_max",
    ),
    Rule(("policy.economics.base_probabilities",), _sums_to_one, "three chances that add up to 1"),
    Rule(("policy.economics.stress_probabilities",), _sums_to_one, "three chances that add up to 1"),
    Rule(("policy.economics.reer_warn", "policy.economics.reer_block"), _at_most, "reer_warn at most reer_block"),
    Rule(
        ("policy.caps.max_order_minis", "policy.caps.max_position_minis"),
        _at_most,
        "max_order_minis at most max_position_minis",
    ),
    *(
        Rule((f"policy.{key}", f"guard.{limit}"), _at_most, f"policy.{key} at most guard.{limit}")
        for key, limit in (
            ("events.max_contracts", "max_event_calls"),
            ("events.max_contracts", "max_order_calls"),
            ("core.max_contracts", "max_core_calls"),
            ("events.event_nlv_share", "event_premium_share"),
            ("events.month_nlv_share", "month_premium_share"),
            ("core.year_nlv_share", "core_premium_share"),
        )
    ),
    Rule(
        ("policy.core.mode", "policy.caps.max_order_minis", "guard.max_order_calls"),
        lambda mode, order, calls: mode != "active" or order <= calls,
        "with an active core layer, whose orders keep to caps.max_order_minis, that cap at most guard.max_order_calls",
    ),
    Rule(
        ("policy.caps.max_position_minis", "guard.max_position_minis"), _at_most, "the policy's cap at most the guard's"
    ),
    Rule(("policy.caps.max_order_minis", "guard.max_order_minis"), _at_most, "the policy's cap at most the guard's"),
    Rule(("orders.entry_rung_s", "orders.entry_cancel_s"), _at_most, "entry_rung_s at most entry_cancel_s"),
    Rule(("guard.loss_unwind_share", "guard.loss_kill_share"), _below, "loss_unwind_share below loss_kill_share"),
    Rule(("guard.reserve_per_minute", "guard.messages_per_minute"), _below, "a reserve below the whole"),
    Rule(("guard.reserve_per_day", "guard.messages_per_day"), _below, "a reserve below the whole"),
    Rule(
        ("mode", "connection.port"),
        lambda m, p: m != "live" or p not in PAPER_PORTS,
        "a live port such as 7496 or 4001",
    ),
    Rule(
        ("mode", "connection.port"),
        lambda m, p: m != "paper" or p not in LIVE_PORTS,
        "a paper port such as 7497 or 4002",
    ),
    Rule(
        ("mode", "connection.account"),
        _account_fits,
        "in paper mode an account that begins with DU or DF, in live mode your live account's number",
    ),
)

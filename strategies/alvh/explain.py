"""Tell a trader what one wake-up saw, what it decided and why."""

from __future__ import annotations

from strategies.alvh.profiles import CHECK as PROFILE
from strategies.alvh.records import Check, Decision, Exposure, Leftover, Phase, Proposal, Side
from strategies.alvh.wording import label, limit, line, seen

WATCHING = (
    "book: ",
    "filter: credibility",  # a VIX that VX does not believe explains the rest away
    "parity: ",
    "tranche: cooldown",
    "tranche: round trips",
    "gauge: ",
    "arm: ",
    "filter: ",
    "time: ",
    "tranche: ",
    "account: ",
)
AGREED = "In order:"  # heads the checks that passed
HOLDING = ("time: ", "parity: ", "tranche: ", "filter: ", "account: ", "beta: ", "hurdle: ", "reer: ", "liquidity: ")
SHOWN = 8  # pieces beside the condors; the exposure has them all


def summarise(decision: Decision) -> str:
    """Return one sentence: what is done and the first reason, or what stands in the way of doing anything."""
    if decision.proposals:
        return "; ".join(_proposal(proposal) for proposal in decision.proposals) + "."
    moved = decision.phase_before is not decision.phase_after
    phase = f"{decision.phase_before} to {decision.phase_after}" if moved else str(decision.phase_after)
    return f"No order ({phase}): {_obstacle(decision)}."


def explain(decision: Decision) -> str:
    """Return a short text in the trader's words: outcome, book, then every check, the refusing ones first."""
    refused = [check for check in decision.checks if not check.passed]
    agreed = [check for check in decision.checks if check.passed]
    lines = [decision.summary, *_book(decision.exposure), _hedge(decision), *_profile(decision)]
    lines += [f"Order: {_proposal(proposal)}" for proposal in decision.proposals]
    lines += [f"Take back: {ref}" for ref in decision.cancel]
    if refused:
        lines += ["Against opening:", *(f"  {line(check)}" for check in refused)]
    if agreed:
        lines += [AGREED, *(f"  {line(check)}" for check in agreed)]
    return "\n".join(lines)


def table(decision: Decision) -> list[tuple[str, str, str, str, str]]:
    """Return one row per check: name, observed, limit, yes or no, reason."""
    return [
        (label(check), seen(check), limit(check), "yes" if check.passed else "no", check.why)
        for check in decision.checks
    ]


def obstacle(decision: Decision) -> Check | None:
    """Return the failed check that a trader would name first: the data, then the phase's own question."""
    failed = [check for check in decision.checks if not check.passed and check.name != "gauge: ceiling"]
    holding = decision.phase_after in (Phase.T1, Phase.T2, Phase.T3)
    for group in ("data: ", *(HOLDING if holding else WATCHING)):
        for check in failed:
            if check.name.startswith(group):
                return check
    return None


def _obstacle(decision: Decision) -> str:
    check = obstacle(decision)
    if check is not None and check.name.startswith("data: "):
        return check.why
    if decision.phase_after is Phase.FLAT:
        return "the hedge is off, the spike is over"
    if decision.phase_after is Phase.UNWIND:
        return "the rest of the hedge waits for its next stage"
    return "nothing calls for an order" if check is None else check.why


def _proposal(proposal: Proposal) -> str:
    verb = "Buy" if proposal.side is Side.BUY else "Sell"
    number = proposal.stage if proposal.stage is not None else proposal.tranche
    label = f"{proposal.purpose}{'' if number is None else f' {number}'}"
    call = proposal.call
    name = proposal.trading_class
    if call is not None:
        name = f"{name} {call.settles_at:%d%b%y} {call.strike:g} call{'' if proposal.quantity == 1 else 's'}"
    return f"{verb} {proposal.quantity} {name} ({label}): {proposal.reason}"


def _book(exposure: Exposure | None) -> list[str]:
    if exposure is None:
        return []
    inflation = "unknown" if exposure.inflation is None else f"{exposure.inflation:+.0%}"
    lines = [
        f"Book: {exposure.condors} condor(s), {exposure.legs} legs, {exposure.unknown_legs} not valued; "
        f"short-put vega against the prior close {inflation}",
        f"Theta {_usd(exposure.theta_usd)} a day, vega {_usd(exposure.vega_usd)} per vol point "
        f"({_usd(exposure.vega30_usd)} per VIX point), delta {_usd(exposure.delta_usd)} per SPX point",
    ]
    if exposure.vega30_baseline_usd is not None and exposure.vega_delta_usd is not None:
        lines.append(
            f"Prior close: {_usd(exposure.vega30_baseline_usd)} per VIX point on the surface of the session before; "
            f"vega delta {_usd(exposure.vega_delta_usd)}"
        )
    beside = [_leftover(leftover) for leftover in exposure.leftovers]
    if beside:
        more = f"; and {len(beside) - SHOWN} more" if len(beside) > SHOWN else ""
        lines.append(f"Beside the condors: {'; '.join(beside[:SHOWN])}{more}")
    share = exposure.hedgeable_share
    if share is not None:
        lines.append(
            f"One day's deviation of the book, modelled: {_usd(share.deviation_usd)}; a VIX hedge can address "
            f"{share.share:.0%} of its variance (vega {share.vega_part:.0%}, delta {share.delta_part:.0%}, "
            f"rest {share.rest_part:.0%})"
        )
    if exposure.lower_break_even is not None and exposure.upper_break_even is not None:
        below, above = exposure.lower_break_even, exposure.upper_break_even
        lines.append(f"Nearest break-evens, each expiry by itself: {below:,.0f} below, {above:,.0f} above")
    return lines


def _leftover(leftover: Leftover) -> str:
    return f"{leftover.quantity} {leftover.label}, {leftover.why}{'' if leftover.hedged else ', not hedged'}"


def _hedge(decision: Decision) -> str:
    hedge, vega = decision.hedge_usd_per_point, decision.exposure.vega30_usd if decision.exposure else None
    after = "" if vega is None else f", leaving {_usd(vega + hedge)} with the book"
    return f"Hedge: {_usd(hedge)} per VIX point{after}; target {decision.target_minis} minis; {decision.phase_after}"


def _profile(decision: Decision) -> list[str]:
    return [f"Profile: {check.why}" for check in decision.checks if check.name == PROFILE]


def _usd(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"-${-value:,.0f}" if value < 0 else f"${value:,.0f}"

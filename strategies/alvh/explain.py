"""Tell a trader what one wake-up saw, what it decided and why."""

from __future__ import annotations

from collections.abc import Sequence

from strategies.alvh.kept import exits, held_minis, kept
from strategies.alvh.profiles import CHECK as PROFILE
from strategies.alvh.records import Check, Decision, Exposure, Leftover, Phase, Proposal, Purpose, Side
from strategies.alvh.wording import label, limit, line, seen, told

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
TOLD = "Told only, decides nothing:"
AGREED = "In order:"  # heads the checks that passed
HOLD, OPENING = "Against holding:", "Against opening:"
IDLE = "Nothing is held; what would speak against holding:"
LATER_ONES, MORE = "Against more than tranche 1:", "Against buying more:"
ANEW, UNNEEDED = "Against arming anew:", "Did not agree, and was not needed:"
VIX_CALLS = "Against VIX calls:"
TITLES = (OPENING, LATER_ONES, MORE, ANEW, UNNEEDED, VIX_CALLS)
LATER = ("hurdle: ", "reer: ")  # asked of tranches 2 and 3 only; so is the MACD
CALLS = ("event: ", "core: ")
ARMING = ("signal: ", "book: ", "gauge: ", "arm: ")  # asked of the first tranche only
MACD = "signal: VX MACD"
INFLATION, CEILING = "gauge: inflation", "gauge: ceiling"
FILTER, PERSISTENCE, SIZE = "filter: ", "filter: persistence", "tranche: size"
HOLDING = ("time: ", "parity: ", "tranche: ", "filter: ", "account: ", "beta: ", "hurdle: ", "reer: ", "liquidity: ")
CENT = 0.01
SHOWN = 8  # pieces beside the condors; the exposure has them all


def summarise(decision: Decision) -> str:
    """Return one sentence: what is done and the first reason, or what stands in the way of doing anything."""
    if decision.proposals:
        return "; ".join(_proposal(proposal) for proposal in decision.proposals) + "."
    moved = decision.phase_before is not decision.phase_after
    phase = f"{decision.phase_before} to {decision.phase_after}" if moved else str(decision.phase_after)
    stays = kept(decision, most=1) if held_minis(decision) and _holding(decision) else ""
    if stays:
        return f"No order ({phase}): nothing is sold, {stays}; nothing is bought, {_obstacle(decision)}."
    return f"No order ({phase}): {_obstacle(decision)}."


def explain(decision: Decision, *, everything: bool = False) -> str:
    """Return a short text in the trader's words: outcome, book, exits of what is held, refusals, what is only told.

    `everything` adds the checks that passed; otherwise they are counted.
    """
    lines = [decision.summary, *_book(decision.exposure), _hedge(decision), *_profile(decision)]
    lines += [f"Order: {_proposal(proposal)}" for proposal in decision.proposals]
    lines += [f"Take back: {ref}" for ref in decision.cancel]
    leaving = [check for check in exits(decision) if not check.passed]
    held = held_minis(decision) > 0
    staying = [check for check in exits(decision) if check.passed and held]
    rest = [check for check in decision.checks if check not in (*leaving, *staying)]
    lines += _block(HOLD if held else IDLE, leaving if held or everything else [])
    lines += _block("Exits, the nearest first:", staying)
    refused = [check for check in rest if not check.passed and not told(check)]
    titles = {_against(check, decision) for check in refused}
    for title in sorted(titles, key=TITLES.index):
        lines += _block(title, [check for check in refused if _against(check, decision) == title])
    lines += _block(TOLD, [check for check in rest if told(check) and (everything or check.name != PROFILE)])
    agreed = [check for check in rest if check.passed and not told(check)]
    if everything:
        lines += _block(AGREED, agreed)
    elif agreed:
        lines.append(f"{AGREED} {len(agreed)} more check{'' if len(agreed) == 1 else 's'} (--all)")
    return "\n".join(lines)


def table(decision: Decision) -> list[tuple[str, str, str, str, str]]:
    """Return one row per check: name, observed, limit, yes or no, reason; what is only told has neither."""
    return [(label(check), seen(check), limit(check), _answer(check), check.why) for check in decision.checks]


def obstacle(decision: Decision) -> Check | None:
    """Return the failed check that a trader would name first: the data, then the phase's own question."""
    failed = [check for check in decision.checks if not check.passed and check.name != CEILING]
    for group in ("data: ", *(HOLDING if _holding(decision) else WATCHING)):
        for check in failed:
            if check.name.startswith(group):
                return _never(decision, check) or check
    return None


def _holding(decision: Decision) -> bool:
    return decision.phase_after in (Phase.T1, Phase.T2, Phase.T3)


def _never(decision: Decision, check: Check) -> Check | None:
    """Return the ceiling where it says that these strikes cannot reach the inflation that is missing."""
    ceiling = next((found for found in decision.checks if found.name == CEILING and not found.passed), None)
    if check.name != INFLATION or ceiling is None:
        return None
    most, level = ceiling.observed, check.threshold
    return ceiling if isinstance(most, float) and isinstance(level, float) and most < level else None


def _against(check: Check, decision: Decision) -> str:
    """Return the title under which a refusal stands: what it speaks against."""
    if check.name.startswith(CALLS):
        return VIX_CALLS
    if any(row.purpose is Purpose.TRANCHE for row in decision.proposals):
        return LATER_ONES if check.name.startswith(LATER) or check.name == MACD else UNNEEDED
    if not held_minis(decision):
        return OPENING
    return ANEW if check.name.startswith(ARMING) and check.name != MACD else MORE


def _block(title: str, checks: Sequence[Check]) -> list[str]:
    return [title, *(f"  {line(check)}" for check in checks)] if checks else []


def _answer(check: Check) -> str:
    return "told" if told(check) else "yes" if check.passed else "no"


def _obstacle(decision: Decision) -> str:
    check = obstacle(decision)
    if check is not None and check.name.startswith("data: "):
        return check.why
    if decision.phase_after is Phase.FLAT:
        return "the hedge is off, the spike is over"
    if decision.phase_after is Phase.UNWIND:
        return "the rest of the hedge waits for its next stage"
    return "nothing calls for an order" if check is None else refusal(decision, check)


def refusal(decision: Decision, check: Check) -> str:
    """Return a refusal in words; beside a doubt of the filter its other doubts."""
    if not check.name.startswith(FILTER):
        return check.why
    others = [
        found.why
        for found in decision.checks
        if found.name.startswith(FILTER) and not found.passed and found.name not in (check.name, PERSISTENCE)
    ]
    return f"{check.why} (also: {'; '.join(others)})" if others else check.why


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
        f"Book: {exposure.condors} condor{'' if exposure.condors == 1 else 's'}, {exposure.legs} legs, "
        f"{exposure.unknown_legs} not valued; "
        f"short-put vega against the prior close {inflation}",
        f"Theta {_usd(exposure.theta_usd)} a day, vega {_usd(exposure.vega_usd)} per vol point "
        f"({_usd(exposure.vega30_usd)} per VIX point), delta {_usd(exposure.delta_usd)} per SPX point",
    ]
    if exposure.vega30_baseline_usd is not None and exposure.vega_delta_usd is not None:
        lines.append(
            f"Prior close: {_usd(exposure.vega30_baseline_usd)} per VIX point on the surface of the session before; "
            f"vega delta {_usd(exposure.vega_delta_usd)}{_smaller(exposure)}"
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


def _smaller(exposure: Exposure) -> str:
    """Return of which two numbers the vega delta is the smaller one; empty where it was reckoned another way."""
    then, now, share = exposure.vega30_baseline_usd, exposure.vega30_usd, exposure.inflation
    if then is None or now is None or share is None or exposure.vega_delta_usd is None:
        return ""
    grown, short = -then * share, -now
    if share <= 0.0 or abs(min(grown, short) - exposure.vega_delta_usd) > CENT:
        return ""
    return f", the smaller of {_usd(-then)} x {share:.1%} = {_usd(grown)} and {_usd(short)} now"


def _leftover(leftover: Leftover) -> str:
    return f"{leftover.quantity} {leftover.label}, {leftover.why}{'' if leftover.hedged else ', not hedged'}"


def _hedge(decision: Decision) -> str:
    hedge, vega = decision.hedge_usd_per_point, decision.exposure.vega30_usd if decision.exposure else None
    after = "" if vega is None else f", leaving {_usd(vega + hedge)} with the book"
    return f"Hedge: {_usd(hedge)} per VIX point{after}; {_target(decision)}; {decision.phase_after}"


def _target(decision: Decision) -> str:
    """Return the target, or what it would be while no spike is followed."""
    if decision.memory.episode is not None or decision.target_minis:
        return f"target {decision.target_minis} minis"
    size = next((check for check in decision.checks if check.name == SIZE and check.observed), None)
    return f"no target while not armed{'' if size is None else f'; the first tranche {size.why}'}"


def _profile(decision: Decision) -> list[str]:
    return [f"Profile: {check.why}" for check in decision.checks if check.name == PROFILE]


def _usd(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"-${-value:,.0f}" if value < 0 else f"${value:,.0f}"

"""Say in plain words what the bot would do at a wake-up that was told, and with which numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import floor
from typing import Any

from bot.journal.lots import in_order_of_sale
from bot.whatif.market import Wake
from strategies.alvh.beta_fit import refitted
from strategies.alvh.decide import decide
from strategies.alvh.explain import CEILING, LATER, MACD, explain, obstacle, refusal, table
from strategies.alvh.holdings import MINI_MULTIPLIER, foreign, minis, owned
from strategies.alvh.kept import kept
from strategies.alvh.policy import Policy, SizingMode, SizingPolicy
from strategies.alvh.records import Check, Decision, FutureQuote, Lot, Phase, Proposal, Purpose, Side
from strategies.alvh.sizing import MINI_USD, beta, choose_contract, cumulative_tranches
from strategies.alvh.tranches import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Hold what would be done and its numbers: minis held before and after, dollars, vega in dollars per VIX point."""

    decision: Decision
    arms: bool
    tranche: int | None
    contracts: str
    minis_before: int
    minis_after: int
    target_minis: int
    notional_usd: float
    cost_usd: float
    vega_before_usd: float | None
    vega_after_usd: float | None
    sentence: str
    assumed: tuple[str, ...]
    read: tuple[str, ...] = ()

    def as_text(self, *, with_table: bool, everything: bool = False) -> str:
        """Return the sentence that sums it up, how the prices were read, what was assumed, and the explanation."""
        parts = [self.sentence, "", *_listed("Read as:", self.read), *_listed("Assumed:", self.assumed), ""]
        body = columns(self.decision) if with_table else explain(self.decision, everything=everything)
        return "\n".join([*parts, body])

    def facts(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        decision = self.decision
        return {
            "answer": self.sentence,
            "arms": self.arms,
            "tranche": self.tranche,
            "contracts": self.contracts,
            "minis_before": self.minis_before,
            "minis_after": self.minis_after,
            "target_minis": self.target_minis,
            "notional_usd": round(self.notional_usd, 2),
            "cost_usd": round(self.cost_usd, 2),
            "vega_before_usd": self.vega_before_usd,
            "vega_after_usd": self.vega_after_usd,
            "time": decision.at.isoformat(),
            "phase_after": str(decision.phase_after),
            "proposals": [
                {
                    "side": str(proposal.side),
                    "quantity": proposal.quantity,
                    "class": proposal.trading_class,
                    "purpose": str(proposal.purpose),
                    "reason": proposal.reason,
                }
                for proposal in decision.proposals
            ],
            "checks": [
                {"name": c.name, "observed": c.observed, "threshold": c.threshold, "passed": c.passed, "why": c.why}
                for c in decision.checks
            ],
            "read": list(self.read),
            "assumed": list(self.assumed),
        }


def ask(wake: Wake, policy: Policy, assumed: tuple[str, ...], *, read: tuple[str, ...] = ()) -> Answer:
    """Decide the wake-up by the real rules and return what it means."""
    decision = decide(wake.view, wake.book, wake.state, policy)
    sizing = refitted(wake.view, policy.sizing)
    futures = {future.con_id: future for future in wake.view.futures}
    traded = tuple(row for row in decision.proposals if row.con_id in futures)
    change = sum(_signed(row) * row.multiplier // MINI_MULTIPLIER for row in traded)
    before = owned(wake.state.lots)
    book = decision.exposure.vega30_usd if decision.exposure is not None else None
    moved = sum(_signed(row) * row.multiplier * beta(futures[row.con_id].dte, sizing) for row in traded)
    now = None if book is None else book + decision.hedge_usd_per_point
    answer = Answer(
        decision=decision,
        arms=decision.memory.episode is not None,
        tranche=next((row.tranche for row in traded if row.purpose is Purpose.TRANCHE), None),
        contracts=" and ".join(_named(row, futures[row.con_id]) for row in traded),
        minis_before=before,
        minis_after=before + change,
        target_minis=decision.target_minis,
        notional_usd=sum(row.quantity * row.multiplier * (futures[row.con_id].quote.mid or 0.0) for row in traded),
        cost_usd=sum(_cost(row, futures[row.con_id], policy) for row in traded),
        vega_before_usd=now,
        vega_after_usd=None if now is None else now + moved,
        sentence="",
        assumed=assumed,
        read=(*read, *_division(wake, decision, policy, sizing)),
    )
    return replace(answer, sentence=_sentence(answer, policy, wake.state.lots))


def _division(wake: Wake, decision: Decision, policy: Policy, sizing: SizingPolicy) -> tuple[str, ...]:
    """Return how the need of the book makes a number of minis; empty where there is none, or no month to trade."""
    vega = decision.exposure.vega_delta_usd if decision.exposure is not None else None
    month = choose_contract(wake.view.futures, policy.contract)
    if vega is None or vega <= 0.0 or month is None or sizing.mode is not SizingMode.ONE_OVER_BETA:
        return ()
    mini_usd = MINI_USD * beta((month - wake.view.session.day).days, sizing)
    share = min(sizing.coverage, sizing.coverage_max)
    count = floor(share * vega / mini_usd)
    episode, cap = decision.memory.episode, policy.caps.max_position_minis
    target = "what it would be if it armed" if episode is None else f"the target in force is {episode.target_minis}"
    more = "" if episode is not None and episode.target_minis == count else f"; {target}"
    more += f"; the cap is {cap}" if count > cap else ""
    more += "; less what others in the account cover" if foreign(wake.book, wake.state) else ""
    return (f"target = floor({share:.2f} x {vega:,.0f} / {mini_usd:.1f}) = {count} minis of {month:%b%y}{more}",)


def columns(decision: Decision) -> str:
    """Return the checks as aligned columns, under the summary."""
    rows = [("check", "observed", "limit", "passed", "why"), *table(decision)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ("  ".join([*(row[k].ljust(widths[k]) for k in range(4)), row[4]]) for row in rows)
    return "\n".join([decision.summary, *lines])


def _sentence(answer: Answer, policy: Policy, lots: tuple[Lot, ...]) -> str:
    decision = answer.decision
    if not answer.contracts:
        return f"{_idle(answer)}: {_reason(answer)}. {_vega(answer)}"
    buys = any(row.side is Side.BUY for row in decision.proposals)
    if not buys:
        return (
            f"It sells {answer.contracts}{_of_tranches(decision.proposals, lots)} "
            f"({_purposes(decision.proposals)}: {decision.proposals[0].reason}): "
            f"the hedge goes from {answer.minis_before} to {counted(answer.minis_after)}, "
            f"cost about {_usd(answer.cost_usd)} in spread and fees. {_vega(answer)}"
        )
    steps = ", ".join(str(step) for step in cumulative_tranches(answer.target_minis, policy.tranches))
    start = "It arms and buys" if answer.tranche == 1 else "It buys"
    what = f"tranche {answer.tranche}" if answer.tranche is not None else _purposes(decision.proposals)
    return (
        f"{start} {what}: {counted(answer.minis_after - answer.minis_before)} as {answer.contracts} "
        f"({_usd(answer.notional_usd)} of VX, about {_usd(answer.cost_usd)} in spread and fees), holding "
        f"{answer.minis_after} of a target of {answer.target_minis} (tranches {steps}{_barred(answer)}). "
        f"{_vega(answer)}"
    )


def _barred(answer: Answer) -> str:
    """Return what speaks against tranches 2 and 3 already."""
    if answer.tranche != 1:
        return ""
    refused = [check.name for check in answer.decision.checks if not check.passed]
    failed = ", ".join(name for name in refused if name.startswith(LATER))
    if failed:
        return f"; 2 and 3 barred as it stands by {failed}{', and no MACD trigger' if MACD in refused else ''}"
    return "; 2 and 3 wait for a MACD trigger" if MACD in refused else ""


def _of_tranches(proposals: Iterable[Proposal], lots: tuple[Lot, ...]) -> str:
    """Return how many minis of which tranche a sale takes; empty where lots of one tranche alone are held."""
    if len({lot.tranche for lot in lots}) < 2:
        return ""
    taken: Counter[int] = Counter()
    for row in proposals:
        left = row.quantity
        for lot in in_order_of_sale(lots, row.con_id, row.tranche):
            taken[lot.tranche] += minis(min(left, lot.quantity), lot.multiplier)
            left -= min(left, lot.quantity)
    return f" ({', '.join(f'{count} of tranche {number}' for number, count in taken.items() if count)})"


def _idle(answer: Answer) -> str:
    if answer.minis_before:
        return f"It keeps its {counted(answer.minis_before)} and sells nothing"
    return "It arms but buys nothing yet" if answer.arms else "It does not arm and buys nothing"


def _reason(answer: Answer) -> str:
    """Return why it does nothing: what is held, first why it is not sold, then why no more is bought."""
    decision, check = answer.decision, obstacle(answer.decision)
    waits = "nothing calls for an order" if check is None else f"{refusal(decision, check)}{_although(check, decision)}"
    exits = kept(decision) if answer.minis_before else ""
    if decision.phase_after is Phase.UNWIND:
        return f"the rest of the hedge waits for its next stage{f'; {exits}' if exits else ''}"
    return f"no exit rule fires; {exits}. It buys no more: {waits}" if exits else waits


def _although(check: Check, decision: Decision) -> str:
    """Return that the signals agree, where only the strikes forbid the rest."""
    agreed = next((found for found in decision.checks if found.name == "arm: quorum" and found.passed), None)
    return f"; {agreed.why}" if check.name == CEILING and agreed is not None else ""


def _listed(title: str, rows: tuple[str, ...]) -> list[str]:
    return [title, *(f"  {row}" for row in rows)] if rows else []


def _vega(answer: Answer) -> str:
    if answer.vega_before_usd is None or answer.vega_after_usd is None:
        return "The vega of the book is not known."
    return (
        f"Vega of book and hedge: {_usd(answer.vega_before_usd)} per VIX point before, "
        f"{_usd(answer.vega_after_usd)} after."
    )


def _purposes(proposals: Iterable[Proposal]) -> str:
    found = dict.fromkeys(
        f"stage {row.stage}" if row.stage is not None else str(row.purpose).replace("-", " ") for row in proposals
    )
    return ", ".join(found)


def _named(row: Proposal, future: FutureQuote) -> str:
    return f"{row.quantity} {row.trading_class} {future.settles_on:%b%y} at about {future.quote.mid or 0.0:.2f}"


def _signed(row: Proposal) -> int:
    return row.quantity if row.side is Side.BUY else -row.quantity


def _cost(row: Proposal, future: FutureQuote, policy: Policy) -> float:
    """Return half the spread and the fees of one order in dollars."""
    quote, rules = future.quote, policy.economics
    half = 0.5 * ((quote.ask or 0.0) - (quote.bid or 0.0)) * row.multiplier
    fee = rules.vx_fee_usd if row.trading_class == "VX" else rules.vxm_fee_usd
    return row.quantity * (half + fee)


def _usd(value: float) -> str:
    return f"-${-value:,.0f}" if value < 0 else f"${value:,.0f}"

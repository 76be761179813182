"""Say how a told market and a told hedge were read: months, volatilities, and the spike that held lots belong to."""

from __future__ import annotations

from itertools import groupby

from bot import session as calendar
from bot.whatif.begun import HELD_FOR
from bot.whatif.book_file import BookFile
from bot.whatif.market import Wake
from bot.whatif.options import Market, model_volatility, settled
from bot.whatif.told import Given, Month, Told, traded
from strategies.alvh.policy import Policy
from strategies.alvh.records import Episode
from strategies.alvh.sizing import beta, cumulative_tranches
from strategies.alvh.tranches import counted


def prices_read(told: Told, policy: Policy) -> str:
    """Return which month each VX price belongs to, the traded one marked, and a month that settles today."""
    place = traded([(month.settles_on, month.dte) for month in told.months], policy)
    rows = [_month(month, policy, traded_one=n == place) for n, month in enumerate(told.months)]
    day = told.session.day
    gone = f"; {day:%b%y} settles today and is left out" if calendar.vx_settlement_days(day, day) else ""
    return f"VX: {', '.join(rows)}; the first price is the nearest month that settles after {day}{gone}"


def _month(month: Month, policy: Policy, *, traded_one: bool) -> str:
    days = f"{month.dte} day{'' if month.dte == 1 else 's'}"
    return (
        f"{month.settles_on:%b%y} {month.price:.2f} (before {month.prior:.2f}; settles "
        f"{month.settles_on.day} {month.settles_on:%b}, {days}, beta {beta(month.dte, policy.sizing):.3f}"
        f"{', traded' if traded_one else ''})"
    )


def volatilities(file: BookFile, told: Told, given: Given) -> tuple[str, ...]:
    """Return one line for each expiry: the implied volatility that the model gives each leg at the close and now."""
    now = Market(now=told.now, indices=told.after, rate=given.rate)
    then = Market(now=told.session.previous_close_at, indices=told.before, rate=given.rate)
    legs = sorted({(settled(leg), leg.strike, leg.right, leg.expires) for leg in file.legs() if leg.quantity})
    lines = []
    for instant, rows in groupby(legs, key=lambda leg: leg[0]):
        found = list(rows)
        each = (
            f"{right}{strike:g} {model_volatility(then, instant, strike):.1%} and "
            f"{model_volatility(now, instant, strike):.1%}"
            for _, strike, right, _ in found
        )
        lines.append(f"IV at the close before and now, {found[0][3]:%d%b%y}: {', '.join(each)}")
    return tuple(lines)


def of_the_hedge(file: BookFile, told: Told, given: Given, made: Wake, policy: Policy) -> tuple[str, ...]:
    """Return what was assumed of the spike that held lots belong to, on which the exits depend."""
    episode, spike, lots = made.state.memory.episode, file.spike, made.state.lots
    if not lots:
        return ()
    bought = _bought(made)
    if episode is None:
        return ("no spike is followed: without a stored prior close no stage is measured", bought)
    month = next(future.settles_on for future in made.view.futures if future.con_id == episode.con_id)
    lines = ["the exits depend on these:"]
    if spike.base is None:
        lines.append(f"- the spike began from {episode.base:.2f}, the settlement of {month:%b%y} before ([spike] base)")
    if given.peak is None and spike.peak is None:
        lines.append(f"- VX stood highest at {episode.peak:.2f} since, its price now or that of the lots (--peak)")
    if spike.target is None:
        lines.append(f"- its target was the {counted(episode.target_minis)} held ([spike] target)")
    if not spike.inverted:
        lines.append("- the first VX month was not above the second since, unless it is now ([spike] inverted)")
    return (*lines, *_surface(file, told, episode), f"- {bought}", *_unlike_its_tranche(made, policy))


def _bought(made: Wake) -> str:
    """Return when the hedge was bought, and which session of the spike this is."""
    first, session = made.state.lots[0].bought_on, made.view.session
    if first == session.day:
        return f"the hedge was bought today, {HELD_FOR.seconds // 60} minutes ago: this is session 1 of the spike"
    held = sum(day >= first for day in session.recent_days)
    return f"the hedge was bought on {first}: this is session {held} of the spike"


def _surface(file: BookFile, told: Told, episode: Episode) -> tuple[str, ...]:
    """Return against which close the gauge is measured, unless the file says it."""
    if file.spike.prior is not None:
        return ()
    if episode.armed_on == told.session.day:
        return ("- the gauge is measured against the close of [prior], as for a spike that armed today",)
    return (
        "- the gauge is measured against the close of [prior], but the bot keeps the surface from before the spike "
        "([spike.prior]): gauge and vega delta are off",
    )


def _unlike_its_tranche(made: Wake, policy: Policy) -> tuple[str, ...]:
    """Return a warning where the lots are more than the tranche that they are said to be."""
    episode, lots = made.state.memory.episode, made.state.lots
    if episode is None:
        return ()
    newest = max(lot.tranche for lot in lots)
    ends = cumulative_tranches(episode.target_minis, policy.tranches)[newest - 1]
    held = episode.peak_position_minis
    if held <= ends:
        return ()
    return (
        f"- tranche {newest} of a target of {episode.target_minis} ends at {counted(ends)}, and {held} are held: "
        "[[hedge]] tranche and [spike] target do not fit together; the lots count as they are",
    )

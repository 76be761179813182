"""Make sure that mode, port, account and settings mean the same world before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.errors import Refuse
from bot.private import fault

PAPER_PORTS = frozenset({7497, 4002})
LIVE_PORTS = frozenset({7496, 4001})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Hold what the bot was told to do and what it found.

    `configured_account` comes from the settings, `account` from the broker. `simulated` says that the other side is
    the program's own simulated gateway, `may_write` that a broker object able to send orders was built. `arm_file`
    and `confirmed_account` (what the operator typed) are for live only.
    """

    mode: str
    port: int
    account: str
    configured_account: str
    simulated: bool
    may_write: bool
    simulated_paper_allowed: bool = False
    arm_file: Path | None = None
    confirmed_account: str = ""


def is_paper_account(account: str) -> bool:
    """Say whether IB would use this id for paper trading (DU individual, DF adviser)."""
    return account.startswith(("DU", "DF"))


def disagreements(link: Link) -> tuple[str, ...]:
    """Return everything that does not fit together, in plain words; empty when all agrees."""
    checks = {"demo": _demo, "dry-run": _dry_run, "paper": _paper, "live": _live}
    if link.mode not in checks:
        return (f"the mode '{link.mode}' is none of {', '.join(checks)}",)
    found = []
    if link.configured_account and link.configured_account != link.account:
        found.append(f"settings name account {link.configured_account}, the broker says {link.account}")
    return (*found, *checks[link.mode](link))


def interlock(link: Link) -> None:
    """Raise `Refuse` with every disagreement listed."""
    found = disagreements(link)
    if found:
        raise Refuse(f"mode {link.mode} refused: {'; '.join(found)}. Mend the settings or connect to the right gateway")


def _demo(link: Link) -> Iterator[str]:
    if not link.simulated:
        yield f"demo trades on the simulated gateway only, port {link.port} is a real one"


def _dry_run(link: Link) -> Iterator[str]:
    if link.may_write:
        yield "dry-run was given a broker object that can send orders"


def _paper(link: Link) -> Iterator[str]:
    if not is_paper_account(link.account):
        yield f"paper needs an account that begins with DU or DF, this is {link.account}"
    if link.port in LIVE_PORTS:
        yield f"port {link.port} is a live port, paper uses 7497 or 4002"
    elif link.simulated and not link.simulated_paper_allowed:
        yield "the other side is the simulated gateway, which the settings do not allow for paper"
    elif not link.simulated and link.port not in PAPER_PORTS:
        yield f"port {link.port} is not a paper port (7497, 4002)"


def _live(link: Link) -> Iterator[str]:
    if link.simulated:
        yield "live cannot run on the simulated gateway"
    if link.account.startswith("D"):
        yield f"live needs a real account, {link.account} is a paper or demo one"
    if link.port not in LIVE_PORTS:
        yield f"port {link.port} is not a live port (7496, 4001)"
    if not link.configured_account:
        yield "settings must name the account for live"
    yield from _arm_faults(link)
    if link.confirmed_account != link.account:
        yield "the account typed as confirmation is not the account of the connection"


def _arm_faults(link: Link) -> Iterator[str]:
    """Yield what is wrong with the arm file: it counts only if nobody else can have made it."""
    path = link.arm_file
    if path is None or not path.is_file():
        yield f"the arm file {path or '(none set)'} does not exist"
        return
    try:
        text = path.read_text(encoding="utf-8")
        yield from filter(None, (fault(path), fault(path.parent)))
    except (OSError, UnicodeDecodeError) as error:
        yield f"the arm file {path} cannot be read ({error})"
        return
    if text.strip() != link.account:
        yield f"the arm file {path} must contain the account {link.account} and nothing else"

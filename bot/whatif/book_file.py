"""Read a book from a small file: TOML with condors, legs, hedge, account and prior closes, or CSV with legs alone."""

from __future__ import annotations

import csv
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import UsageProblem

CSV_COLUMNS = ("expires", "right", "strike", "quantity", "class", "price")
CSV_NEEDED = CSV_COLUMNS[:4]

TOKEN = 0.01  # points, paid for each long leg where only the condor's credit is known

Price = Annotated[float, Field(gt=0.0, lt=1e6)]
Strikes = tuple[Price, Price]
SpxClass = Literal["SPX", "SPXW"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CondorRow(_Part):
    """Hold one iron condor: two put strikes and two call strikes, the outer ones long; `credit` per share if known."""

    expires: date
    quantity: int = Field(default=1, ge=1, le=100_000)
    puts: Strikes
    calls: Strikes
    credit: Price | None = None
    trading_class: SpxClass = Field(default="SPXW", alias="class")


class LegRow(_Part):
    """Hold one option leg, long positive; `price` is what was paid or taken per share."""

    expires: date
    right: Literal["C", "P"]
    strike: Price
    quantity: int = Field(ge=-100_000, le=100_000)
    price: Price | None = None
    trading_class: SpxClass = Field(default="SPXW", alias="class")


class HedgeRow(_Part):
    """Hold lots that the bot owns: contract class, settlement day, tranche and the price paid in points."""

    trading_class: Literal["VX", "VXM"] = Field(default="VXM", alias="class")
    settles: date
    quantity: int = Field(ge=1, le=1000)
    tranche: int = Field(default=1, ge=1, le=3)
    price: Price


class AccountRow(_Part):
    """Hold the account's figures in dollars."""

    net_liquidation: float | None = Field(default=None, gt=0.0)
    excess_liquidity: float | None = Field(default=None, gt=0.0)
    cash: float | None = None


class PriorRow(_Part):
    """Hold the closes of the session before: indices in points, VX settlements nearest month first, HV20 in percent."""

    spx: Price | None = None
    vix: Price | None = None
    vix9d: Price | None = None
    vix3m: Price | None = None
    vx: tuple[Price, ...] = ()
    hv20: Price | None = None


class ClosesRow(_Part):
    """Hold the index closes before the session on which a spike began, in points."""

    spx: Price
    vix: Price
    vix9d: Price | None = None
    vix3m: Price | None = None


class SpikeRow(_Part):
    """Hold the spike that held lots belong to: VX when it began, its highest price since, the target in minis.

    `inverted` says that the first VX month has stood above the second since it began; `since` is the session of the
    first fill when that is not today, `prior` the closes before it.
    """

    base: Price | None = None
    peak: Price | None = None
    target: int | None = Field(default=None, ge=1)
    inverted: bool = False
    since: date | None = None
    prior: ClosesRow | None = None


class BookFile(_Part):
    """Hold everything that a file may say."""

    day: date | None = None
    condor: tuple[CondorRow, ...] = ()
    leg: tuple[LegRow, ...] = ()
    hedge: tuple[HedgeRow, ...] = ()
    account: AccountRow = AccountRow()
    prior: PriorRow = PriorRow()
    spike: SpikeRow = SpikeRow()

    def legs(self) -> tuple[LegRow, ...]:
        """Return every leg, those of the condors first."""
        return (*(leg for row in self.condor for leg in _condor_legs(row)), *self.leg)


def read_book(path: Path) -> BookFile:
    """Return what the file says; raises `UsageProblem` with one line that names the place and what belongs there."""
    if not path.is_file():
        raise UsageProblem(f"{path}: no such file; docs/examples holds books to begin with")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path} cannot be read as text ({' '.join(str(error).split())})") from None
    try:
        said = _from_csv(path, text) if path.suffix.lower() == ".csv" else _from_toml(path, text)
    except csv.Error as error:
        raise UsageProblem(f"{path} is not valid CSV: {error}") from None
    try:
        book = BookFile.model_validate(said)
    except ValidationError as error:
        raise UsageProblem(f"{path}: {_told(error)}; see docs/guide.md, section What if") from None
    _check(path, book)
    return book


def _from_toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of a file made to break readers: endless digits, endless brackets
        raise UsageProblem(f"{path} is not valid TOML: {error}; a CSV file must be named .csv") from None


def _from_csv(path: Path, text: str) -> dict[str, Any]:
    rows = csv.DictReader(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    columns = [name.strip() for name in rows.fieldnames or ()]
    missing = [name for name in CSV_NEEDED if name not in columns]
    unknown = [name for name in columns if name not in CSV_COLUMNS]
    if missing or unknown:
        what = f"no column {missing[0]}" if missing else f"an unknown column '{unknown[0]}'"
        raise UsageProblem(f"{path} has {what}: its first line must be {','.join(CSV_COLUMNS)} (the last two may lack)")
    rows.fieldnames = columns
    legs = [{name: (value or "").strip() for name, value in row.items() if name is not None} for row in rows]
    return {"leg": [{name: value for name, value in leg.items() if value} for leg in legs]}


def _told(error: ValidationError) -> str:
    """Return the first thing that is wrong: where, what was seen, what belongs there."""
    found = error.errors()
    first = next((item for item in found if item["type"] == "extra_forbidden"), found[0])
    place = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    if first["type"] == "extra_forbidden":
        return f"{place} is not a known name"
    if first["type"] == "missing":
        return f"{place} is missing"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{place} is {first['input']!r}: {first['msg'][:1].lower()}{first['msg'][1:]}{more}"


def _check(path: Path, book: BookFile) -> None:
    for place, row in enumerate(book.condor, 1):
        if max(row.puts) >= min(row.calls) or row.puts[0] == row.puts[1] or row.calls[0] == row.calls[1]:
            raise UsageProblem(
                f"{path}: condor[{place}] has puts {list(row.puts)} and calls {list(row.calls)}: write two put strikes "
                "below two call strikes"
            )
    if not book.condor and not book.leg and not book.hedge:
        raise UsageProblem(f"{path} holds no position: write a [[condor]] with expires, quantity, puts and calls")


def _condor_legs(row: CondorRow) -> tuple[LegRow, ...]:
    def leg(right: Literal["C", "P"], strike: float, quantity: int) -> LegRow:
        said = {"expires": row.expires, "right": right, "strike": strike, "quantity": quantity}
        return LegRow.model_validate({**said, "class": row.trading_class, "price": _opened_at(row, quantity)})

    return (
        leg("P", min(row.puts), row.quantity),
        leg("P", max(row.puts), -row.quantity),
        leg("C", min(row.calls), -row.quantity),
        leg("C", max(row.calls), row.quantity),
    )


def _opened_at(row: CondorRow, quantity: int) -> float | None:
    """Return a price for one leg such that the four together brought in the credit: it is laid on the short legs."""
    if row.credit is None:
        return None
    return 0.5 * row.credit + TOKEN if quantity < 0 else TOKEN

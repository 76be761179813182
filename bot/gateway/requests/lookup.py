"""Find the contract that a client means, and write a contract as a client expects it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.gateway.errors import RequestProblem
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract, ContractPattern, Market

UNKNOWN_CONTRACT = "No security definition has been found for the request"
CONTINUOUS = "CONTFUT"
_RIGHTS = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}


def invalid(cause: str) -> RequestProblem:
    """Return IB's refusal of a request that cannot be read."""
    return RequestProblem(321, f"Error validating request.-'bN' : cause - {cause}")


def matches(market: Market, values: Values) -> Sequence[Contract]:
    """Return every contract that fits what the client filled in, on the exchange it named.

    Raises `RequestProblem` 321 when too little is given and 200 when nothing fits.
    """
    if not values["conId"] and not values["secType"]:
        raise invalid("Please enter a valid security type")
    if not values["conId"] and not (values["symbol"] or values["localSymbol"]):
        if values.get("secId"):
            raise RequestProblem(200, UNKNOWN_CONTRACT)  # nothing here is known by an ISIN or a CUSIP
        raise invalid("Please enter a symbol or a local symbol")
    pattern = _pattern(values)
    found = _continuous(market, pattern) if pattern.sec_type == CONTINUOUS else market.find(pattern)
    if not found and pattern.exchange == "SMART":
        routed = market.find(replace(pattern, exchange=""))
        found = [replace(contract, exchange="SMART") for contract in routed if contract.sec_type == "OPT"]
    if not found and values.get("includeExpired") and pattern.con_id:
        expired = market.contract(pattern.con_id)
        found = [expired] if expired else []
    if not found:
        raise RequestProblem(200, UNKNOWN_CONTRACT)
    return found


def _continuous(market: Market, pattern: ContractPattern) -> Sequence[Contract]:
    """Return the front future of the class with the most months, which stands for the continuous one."""
    listed = market.find(replace(pattern, sec_type="FUT", expiry=""))
    if not listed:
        return ()
    name, _ = Counter(contract.trading_class for contract in listed).most_common(1)[0]
    front = min((contract for contract in listed if contract.trading_class == name), key=lambda item: item.expiry)
    return (replace(front, sec_type=CONTINUOUS),)


def only_match(market: Market, values: Values) -> Contract:
    """Return the one contract that fits.

    Raises `RequestProblem` 321 without an exchange, 200 when none or several fit.
    """
    if not values["exchange"]:
        raise invalid("Missing order exchange")
    found = matches(market, values)
    if len(found) > 1:
        raise RequestProblem(200, f"The contract description specified for {values['symbol']} is ambiguous.")
    return found[0]


def _pattern(values: Values) -> ContractPattern:
    exchange = values["exchange"] or values.get("primaryExchange", "")
    if values["conId"]:
        return ContractPattern(con_id=values["conId"], exchange=exchange)
    return ContractPattern(
        symbol=values["symbol"],
        sec_type=values["secType"],
        exchange=exchange,
        currency=values["currency"],
        expiry=values["expiry"],
        strike=values["strike"] or 0.0,
        right=_RIGHTS.get(values["right"].upper(), ""),
        multiplier=values["multiplier"],
        local_symbol=values["localSymbol"],
        trading_class=values["tradingClass"],
    )


def contract_values(contract: Contract, *, exchange: str | None = None, right: str | None = None) -> Values:
    """Return the eleven fields of a contract.

    TWS leaves the exchange empty in positions and writes `?` as a missing right in orders.
    """
    return {
        "conId": contract.con_id,
        "symbol": contract.symbol,
        "secType": contract.sec_type,
        "expiry": contract.expiry,
        "strike": contract.strike,
        "right": contract.right or right or "",
        "multiplier": contract.multiplier,
        "exchange": contract.exchange if exchange is None else exchange,
        "currency": contract.currency,
        "localSymbol": contract.local_symbol,
        "tradingClass": contract.trading_class,
    }

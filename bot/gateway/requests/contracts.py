"""Answer what is listed: contract details, option chains, market rules, matching symbols."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.gateway.errors import RequestProblem
from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract, ContractPattern, Market
from bot.gateway.requests.client import Client, Routes
from bot.gateway.requests.lookup import UNKNOWN_CONTRACT, matches

_HOURS_DAYS = 7
_MOST_SYMBOLS = 16
_SEARCHED = ("IND", "STK")


class ContractDesk:
    """Tell clients what the market lists."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {
            inbound.REQ_CONTRACT_DETAILS.id: self.details,
            inbound.REQ_OPTION_CHAINS.id: self.chains,
            inbound.REQ_MARKET_RULE.id: self.rule,
            inbound.REQ_MATCHING_SYMBOLS.id: self.symbols,
        }

    def details(self, client: Client, values: Values) -> None:
        """Send every contract that matches, then the end."""
        request_id = values["reqId"]
        for contract in matches(self._market, values):
            client.send(outbound.CONTRACT_DETAILS, **self._details(contract, request_id))
        client.send(outbound.CONTRACT_DETAILS_END, reqId=request_id)

    def _details(self, contract: Contract, request_id: int) -> Values:
        market = self._market
        zone = market.zone(contract.con_id)
        today = market.now.astimezone(ZoneInfo(zone)).date()
        trading, liquid = market.hours(contract.con_id, today, _HOURS_DAYS)
        under = market.contract(contract.underlying_con_id) if contract.underlying_con_id else None
        return {
            "reqId": request_id,
            "symbol": contract.symbol,
            "secType": contract.sec_type,
            "lastTradeTime": _last_trade(contract, zone),
            "strike": contract.strike,
            "right": contract.right,
            "exchange": contract.exchange,
            "currency": contract.currency,
            "localSymbol": contract.local_symbol,
            "marketName": contract.trading_class or contract.symbol,
            "tradingClass": contract.trading_class,
            "conId": contract.con_id,
            "minTick": contract.min_tick,
            "multiplier": contract.multiplier,
            "orderTypes": contract.order_types,
            "validExchanges": contract.valid_exchanges or contract.exchange,
            "priceMagnifier": 1,
            "underConId": contract.underlying_con_id,
            "longName": contract.long_name or contract.symbol,
            "primaryExchange": _listed_on(contract),
            "contractMonth": contract.contract_month,
            "timeZone": zone,
            "tradingHours": trading,
            "liquidHours": liquid,
            "evMultiplier": 0.0,
            "aggGroup": 2147483647,
            "underSymbol": under.symbol if under else "",
            "underSecType": under.sec_type if under else "",
            "marketRuleIds": self._rule_ids(contract),
            "realExpiry": contract.expiry,
            "minSize": 1.0,
            "sizeIncrement": 1.0,
            "suggestedSizeIncrement": 1.0,
        }

    def _rule_ids(self, contract: Contract) -> str:
        exchanges = (contract.valid_exchanges or contract.exchange).split(",")
        return ",".join(str(contract.market_rule_id) for _ in exchanges) if contract.market_rule_id else ""

    def chains(self, client: Client, values: Values) -> None:
        """Send the option chains on an underlying, one per class and exchange, then the end."""
        request_id = values["reqId"]
        if not values["conId"] or self._market.contract(values["conId"]) is None:
            raise RequestProblem(200, UNKNOWN_CONTRACT)
        for chain in self._market.chains(values["conId"]):
            client.send(
                outbound.OPTION_CHAIN,
                reqId=request_id,
                exchange=chain.exchange,
                underConId=chain.underlying_con_id,
                tradingClass=chain.trading_class,
                multiplier=chain.multiplier,
                expiries=[{"expiry": expiry} for expiry in chain.expiries],
                strikes=[{"strike": strike} for strike in chain.strikes],
            )
        client.send(outbound.OPTION_CHAINS_END, reqId=request_id)

    def rule(self, client: Client, values: Values) -> None:
        """Send the price increments of a market rule; an unknown one is refused without an id, as TWS does."""
        steps = self._market.market_rule(values["ruleId"])
        if steps is None:
            client.refuse(
                None, 321, f"Error validating request.-'bN' : cause - Invalid market rule id {values['ruleId']}"
            )
            return
        increments = [{"lowEdge": edge, "increment": step} for edge, step in steps]
        client.send(outbound.MARKET_RULE, ruleId=values["ruleId"], increments=increments)

    def symbols(self, client: Client, values: Values) -> None:
        """Send the indices and funds whose symbol, or a word of whose name, begins as asked; symbols come first."""
        wanted = values["pattern"].strip().upper()
        known = [item for kind in _SEARCHED for item in self._market.find(ContractPattern(sec_type=kind))]
        by_symbol = [item for item in known if wanted and item.symbol.startswith(wanted)]
        by_name = [item for item in known if wanted and item not in by_symbol and _is_named(item, wanted)]
        found = (by_symbol + by_name)[:_MOST_SYMBOLS]
        client.send(outbound.SYMBOL_SAMPLES, reqId=values["reqId"], symbols=[self._sample(item) for item in found])

    def _sample(self, item: Contract) -> Values:
        kinds = {found.sec_type for found in self._market.find(ContractPattern(symbol=item.symbol, sec_type="FUT"))}
        if self._market.chains(item.con_id):
            kinds.add("OPT")
        return {
            "conId": item.con_id,
            "symbol": item.symbol,
            "secType": item.sec_type,
            "primaryExchange": _listed_on(item),
            "currency": item.currency,
            "derivatives": [{"secType": kind} for kind in sorted(kinds)],
            "description": item.long_name,
        }


def _is_named(contract: Contract, wanted: str) -> bool:
    name = contract.long_name.upper()
    return name.startswith(wanted) or f" {wanted}" in name


def _listed_on(contract: Contract) -> str:
    """Return the primary exchange: that of an index, and of a stock the last of those it may be routed to."""
    if contract.sec_type == "STK":
        return contract.valid_exchanges.rpartition(",")[2]
    return contract.exchange if contract.sec_type == "IND" else ""


def _last_trade(contract: Contract, zone: str) -> str:
    if not contract.expiry or contract.settles_at is None:
        return contract.expiry
    return f"{contract.expiry} {contract.settles_at.astimezone(ZoneInfo(zone)):%H:%M} {zone}"

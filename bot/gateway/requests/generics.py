"""Know the generic ticks a client may ask for by number, and what they are sent as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.gateway.messages import outbound
from bot.gateway.messages.values import Values
from bot.gateway.records import Contract
from bot.gateway.requests.lookup import invalid
from bot.gateway.requests.ticks import Tick

_GENERIC = outbound.TICK_GENERIC
_SIZE = outbound.TICK_SIZE
_PRICE = outbound.TICK_PRICE

# Number asked for -> (name in the market, tick sent as it, tick number).
_SENT_AS = {
    100: (("callVolume", _SIZE, 29), ("putVolume", _SIZE, 30)),
    101: (("callOpenInterest", _SIZE, 27), ("putOpenInterest", _SIZE, 28)),
    104: (("optionHistoricalVol", _GENERIC, 23),),
    105: (("avgOptionVolume", _SIZE, 87),),
    106: (("optionImpliedVol", _GENERIC, 24),),
    162: (("indexFuturePremium", _GENERIC, 31),),
    165: (("avgVolume", _SIZE, 21),),
    221: (("markPrice", _PRICE, 37),),
    225: (),
    232: (("markPrice", _PRICE, 37),),
    233: (),
    236: (),
    258: (),
    292: (),
    293: (("tradeCount", _GENERIC, 54),),
    294: (("tradeRate", _GENERIC, 55),),
    295: (("volumeRate", _GENERIC, 56),),
    318: (),
    375: (),
    411: (("rtHistoricalVol", _GENERIC, 58),),
    456: (),
    577: (),
    586: (),
    587: (),
    588: (("futuresOpenInterest", _SIZE, 86),),
    595: (),
    619: (),
}


def asked(generic_list: str) -> tuple[int, ...]:
    """Return the generic ticks of a comma separated list; `mdoff` and news filters ask for none.

    Raises `RequestProblem` 321 when one is unknown.
    """
    words = [word.strip() for word in generic_list.split(",")]
    wanted = [word.split(":")[0] for word in words if word and word != "mdoff"]
    for word in wanted:
        if not word.isascii() or not word.isdigit() or int(word) not in _SENT_AS:
            raise invalid(
                f"Incorrect generic tick list of {generic_list}.  Legal ones are: {', '.join(map(str, _SENT_AS))}"
            )
    return tuple(int(word) for word in wanted)


def generic_ticks(
    wanted: tuple[int, ...], contract: Contract, before: Mapping[str, float], after: Mapping[str, float]
) -> Iterator[Tick]:
    """Yield the generic ticks, among those wanted, whose value is new."""
    values = _by_side(contract, after)
    seen = _by_side(contract, before)
    for name, message, tick in (sent for number in wanted for sent in _SENT_AS[number]):
        value = values.get(name)
        if value is not None and value != seen.get(name):
            yield message, _values(tick, value, message.id)


def _values(tick: int, value: float, message_id: int) -> Values:
    if message_id == _SIZE.id:
        return {"tickType": tick, "size": value}
    if message_id == _PRICE.id:
        return {"tickType": tick, "price": value, "size": 0.0, "attributes": 0}
    return {"tickType": tick, "value": value}


def _by_side(contract: Contract, values: Mapping[str, float]) -> dict[str, float]:
    """Name open interest and volume after the side of the option, or after futures."""
    named = dict(values)
    if "openInterest" in named:
        named[_open_interest_name(contract)] = named["openInterest"]
    return named


def _open_interest_name(contract: Contract) -> str:
    if contract.sec_type == "FUT":
        return "futuresOpenInterest"
    return "putOpenInterest" if contract.right == "P" else "callOpenInterest"

"""Answer small questions about the installation, most of which a login without any subscription answers with nothing.

Several carry no request id, so a client library that is not answered would wait for ever.
"""

from __future__ import annotations

from bot.gateway.messages import inbound, outbound
from bot.gateway.messages.values import Values
from bot.gateway.records import Exchange
from bot.gateway.requests.client import Client, Routes

BBO_EXCHANGE = "9c0001"
_SMART_COMPONENTS = ((0, "CBOE", "C"), (1, "CFE", "F"))
# What TWS sends is two megabytes of scans; here none can be run.
_SCANNER_PARAMETERS = """<?xml version="1.0" encoding="UTF-8"?>
<ScanParameterResponse>
<InstrumentList varName="instrumentList"></InstrumentList>
<LocationTree varName="locationTree"></LocationTree>
<ScanTypeList varName="scanTypeList"></ScanTypeList>
<FilterList varName="filterList"></FilterList>
</ScanParameterResponse>
"""


class ReferenceDesk:
    """Know what little there is to know."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def routes(self) -> Routes:
        """Return which request each method answers."""
        return {
            inbound.REQ_NEWS_BULLETINS.id: _silent,
            inbound.CANCEL_NEWS_BULLETINS.id: _silent,
            inbound.REQ_SCANNER_PARAMETERS.id: _scanner_parameters,
            inbound.REQ_SOFT_DOLLAR_TIERS.id: _no_tiers,
            inbound.REQ_FAMILY_CODES.id: self.families,
            inbound.REQ_SMART_COMPONENTS.id: _smart_components,
            inbound.REQ_NEWS_PROVIDERS.id: _no_providers,
            inbound.REQ_USER_INFO.id: _user_info,
        }

    def families(self, client: Client, _: Values) -> None:
        """Send every account without a family code."""
        families = [{"account": account, "code": ""} for account in self._exchange.accounts()]
        client.send(outbound.FAMILY_CODES, families=families)


def _silent(_: Client, __: Values) -> None:
    """Take note of an interest in bulletins; there are none."""


def _scanner_parameters(client: Client, _: Values) -> None:
    client.send(outbound.SCANNER_PARAMETERS, xml=_SCANNER_PARAMETERS)


def _no_tiers(client: Client, values: Values) -> None:
    client.send(outbound.SOFT_DOLLAR_TIERS, reqId=values["reqId"], tiers=[])


def _no_providers(client: Client, _: Values) -> None:
    client.send(outbound.NEWS_PROVIDERS, providers=[])


def _smart_components(client: Client, values: Values) -> None:
    components = [{"bit": bit, "exchange": name, "letter": letter} for bit, name, letter in _SMART_COMPONENTS]
    client.send(outbound.SMART_COMPONENTS, reqId=values["reqId"], components=components)


def _user_info(client: Client, values: Values) -> None:
    client.send(outbound.USER_INFO, reqId=values["reqId"], whiteBrandingId="")

"""Name what can be wrong with the simulated gateway.

    GatewayError         every error the gateway raises on purpose; str(error) is one clear line
    ├── ScenarioError    a scenario's files must be mended
    ├── FaultError       a fault, or the file that lists them, must be mended
    ├── ProtocolError    a client's bytes cannot be a TWS conversation: that connection is closed
    └── RequestProblem   a request is answered with an IB error code, nothing else happens

All but the last reach the operator; the last reaches the client that asked.
"""

from __future__ import annotations


class GatewayError(Exception):
    """Carry one clear line: what was seen, what was expected, what to do."""


class ScenarioError(GatewayError):
    """Say that a scenario's files must be mended."""


class FaultError(GatewayError):
    """Say that a fault, or the file that lists them, must be mended."""


class ProtocolError(GatewayError):
    """Say that the bytes of a connection do not form the protocol."""


class RequestProblem(GatewayError):
    """Carry the IB error code and text with which a request is answered."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text

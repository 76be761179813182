"""Turn tables of recorded or published figures into scenarios."""

from bot.gateway.importing.anchors import import_anchors
from bot.gateway.importing.recorded import import_session

__all__ = ["import_anchors", "import_session"]

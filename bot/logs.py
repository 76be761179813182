"""Write log lines to standard error, each with its mode. The journal is the record; these are commentary."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from bot.clock import Clock

CHATTY = ("alembic", "apscheduler", "ib_insync", "ib_async")
"""Libraries that log every job and every frame; of theirs, warnings and worse are kept."""


def start_logs(
    mode: str, clock: Clock, *, level: str = "INFO", as_json: bool = False, stream: TextIO | None = None
) -> None:
    """Send the logs of this program and of its libraries to `stream` (standard error by default).

    Every line carries the clock's time in UTC and the mode; `as_json` writes one object a line. Calling it again
    replaces what was set before.
    """

    def stamp(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"at": clock.now().isoformat(timespec="milliseconds"), "mode": mode, **line}

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        stamp,
    ]
    renderer: Any = structlog.processors.JSONRenderer() if as_json else _render
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer], foreign_pre_chain=shared
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def on_one_line(text: str) -> str:
    """Return a text in which a line feed or a terminal's command is seen and does nothing: it may come from outside."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _render(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> str:
    """Lay one line out: time, mode, level, logger, event, then the fields in the order given."""
    fields = dict(line)
    head = [str(fields.pop(name, "-")) for name in ("at", "mode", "level", "logger", "event")]
    trace = fields.pop("exception", None)
    text = on_one_line(" ".join([*head, *(f"{name}={value}" for name, value in fields.items())]))
    return f"{text}\n{trace}" if trace else text

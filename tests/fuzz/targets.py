"""Every fuzz target by its name: a function of bytes that raises when it finds something."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

TARGETS = {
    "wire": "wire_targets",
    "request": "wire_targets",
    "gateway": "gateway_targets",
    "requests": "gateway_targets",
    "orders": "gateway_targets",
    "scenario": "gateway_targets",
    "client": "client_targets",
    "settings": "file_targets",
    "environment": "file_targets",
    "book": "file_targets",
    "session": "file_targets",
    "tables": "file_targets",
    "words": "file_targets",
    "faults": "file_targets",
    "drill": "file_targets",
}


def target(name: str) -> Callable[[bytes], None]:
    """Return the function of a target; what it needs is imported only now."""
    found: Callable[[bytes], None] = getattr(import_module(f"fuzz.{TARGETS[name]}"), name)
    return found

"""Choose the installed IB client library, and name the parts of it that this room uses.

ib_insync and its successor ib_async carry the same names and overwrite each other's event library, so exactly one of
them may be installed. Everything below is in both.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from dataclasses import dataclass
from typing import Any

from bot.errors import UsageProblem

LIBRARIES = ("ib_insync", "ib_async")
VARIABLE = "ALVH_CLIENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Hold the classes of the client library in use."""

    name: str
    version: str
    IB: Any
    Contract: Any
    Order: Any
    RequestError: type[Exception]


def choose(wanted: str, installed: tuple[str, ...]) -> str:
    """Return the library to use; `wanted` may be empty.

    Raises `UsageProblem` when it is missing, when none is installed, or when both are.
    """
    if wanted and wanted not in LIBRARIES:
        raise UsageProblem(f"client library is '{wanted}', expected one of {', '.join(LIBRARIES)}: mend {VARIABLE}")
    if len(installed) > 1:
        raise UsageProblem(
            "ib_insync and ib_async are both installed and overwrite each other: uninstall both, then install one"
        )
    if not installed:
        raise UsageProblem("no IB client library is installed: install alvh[ib_insync] or alvh[ib_async]")
    if wanted and wanted not in installed:
        raise UsageProblem(
            f"client library {wanted} is wanted, {installed[0]} is installed: install {wanted} in its place"
        )
    return installed[0]


def load(wanted: str = "") -> Library:
    """Import the library named by `wanted`, else by the environment variable ALVH_CLIENT, else the installed one."""
    installed = tuple(name for name in LIBRARIES if importlib.util.find_spec(name) is not None)
    name = choose(wanted or os.environ.get(VARIABLE, ""), installed)
    module = importlib.import_module(name)
    for logger in ("client", "wrapper", "ib"):
        logging.getLogger(f"{name}.{logger}").setLevel(logging.CRITICAL)
    return Library(
        name=name,
        version=str(module.__version__),
        IB=module.IB,
        Contract=module.Contract,
        Order=module.Order,
        RequestError=module.RequestError,
    )

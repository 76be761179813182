"""Name the place of a journal in messages: a file by its path, a database without what opens it."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

HIDDEN = "(secret)"


def place_name(path_or_url: Path | str) -> str:
    """Return a path as it is, and an address without user, password and options."""
    text = str(path_or_url)
    if isinstance(path_or_url, Path) or "://" not in text:
        return text
    url = _parsed(text)
    if url is None:
        return "at the address journal.url"
    host = "" if url.host is None else url.host
    port = "" if url.port is None else f":{url.port}"
    return f"{url.drivername}://{host}{port}/{url.database or ''}"


def without_secrets(message: str, path_or_url: Path | str) -> str:
    """Return what a database or its driver said, without any part of the address that may open it."""
    if "://" in str(path_or_url) and _parsed(str(path_or_url)) is None:
        return "it is no address of a database"
    for secret in sorted(_secrets(str(path_or_url)), key=len, reverse=True):
        message = message.replace(secret, HIDDEN)
    return message


def _secrets(text: str) -> set[str]:
    """Return every spelling of the password and of the options' values, and the address itself."""
    if "://" not in text:
        return set()
    url = _parsed(text)
    if url is None:
        return {text}
    found = {text, str(url)}
    options = [(value,) if isinstance(value, str) else value for value in url.query.values()]
    for value in filter(None, [str(url.password or ""), *chain.from_iterable(options)]):
        found |= {value, quote(value, safe=""), quote_plus(value)}
    return found


def _parsed(text: str) -> URL | None:
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        return None

"""Carry a page off the machine: to a web address in the form that its service reads, or to a command.

Everything here blocks and runs on a thread of its own (`bot.watch.outbox`). Addresses are secrets, for their tokens:
no name, message or failure says more of one than its host.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException
from typing import IO, Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from bot.errors import AlvhError, UsageProblem
from bot.watch.pages import Page, Severity
from config.rules import is_web_address

PRIVATE = "ALVH_"  # variables that a command does not see: some hold secrets
READ_BYTES = 4096


class Undelivered(AlvhError):
    """Say that a page did not get through."""


class Hook(Protocol):
    """Deliver pages to one place."""

    @property
    def name(self) -> str:
        """Name the place without its secret."""

    def send(self, page: Page) -> None:
        """Deliver one page within a bounded time; raise `Undelivered`."""


class Form(StrEnum):
    """Name how a service wants to be told."""

    AUTO = "auto"  # by the address
    PLAIN = "plain"  # ntfy, and whatever shows the body
    SLACK = "slack"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    JSON = "json"


_BY_HOST = {"hooks.slack.com": Form.SLACK, "discord.com": Form.DISCORD, "api.telegram.org": Form.TELEGRAM}
_PRIORITY = {Severity.INFO: "2", Severity.WARNING: "4", Severity.CRITICAL: "5"}  # of ntfy


class _NoRedirect(HTTPRedirectHandler):
    """Follow no redirect: an address with a token is told to nobody else."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        return None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Post pages to an address."""

    url: str
    form: Form = Form.AUTO
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        """Raise `UsageProblem` for what is no web address."""
        if not is_web_address(self.url):
            raise UsageProblem("an address to page is no http or https address: mend pages.urls or watch.ping_url")

    def __repr__(self) -> str:
        """Show no more than the name."""
        return f"Webhook({self.name})"

    @property
    def name(self) -> str:
        """Name the host."""
        return urlsplit(self.url).hostname or "?"

    def send(self, page: Page) -> None:
        """Post one page; anything but a 2xx answer is a failure."""
        form = _BY_HOST.get(self.name, Form.PLAIN) if self.form is Form.AUTO else self.form
        body, headers = _BODIES[form](page, self.url)
        request = Request(self.url, data=body, headers={"User-Agent": "alvh", **headers}, method="POST")
        try:
            with build_opener(_NoRedirect).open(request, timeout=self.timeout_s) as answer:
                answer.read(READ_BYTES)
        except HTTPError as problem:
            problem.close()
            raise Undelivered(f"{self.name} answered {problem.code}") from None
        except URLError as problem:
            raise Undelivered(f"{self.name} cannot be reached ({_plain(problem.reason)})") from None
        except (OSError, HTTPException, ValueError) as problem:
            raise Undelivered(f"{self.name} did not take it ({_plain(problem)})") from None


def _plain(problem: object) -> str:
    """Return the kind of a failure, and the system's own words where there are some; never the address."""
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return type(problem).__name__ if isinstance(problem, BaseException) else "no answer"


def _text(page: Page, url: str) -> tuple[bytes, dict[str, str]]:
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Title": page.title.encode("ascii", "replace").decode(),
        "Priority": _PRIORITY[page.severity],
    }
    return page.text.encode(), headers


def _json(fields: Mapping[str, object]) -> tuple[bytes, dict[str, str]]:
    return json.dumps(fields).encode(), {"Content-Type": "application/json"}


def _whole(page: Page) -> str:
    return f"{page.title}\n{page.text}"


def _chat(page: Page, url: str) -> tuple[bytes, dict[str, str]]:
    asked = parse_qs(urlsplit(url).query)
    return _json({"text": _whole(page), **{name: values[0] for name, values in asked.items()}})


_BODIES: Mapping[Form, Callable[[Page, str], tuple[bytes, dict[str, str]]]] = {
    Form.PLAIN: _text,
    Form.SLACK: lambda page, url: _json({"text": _whole(page)}),
    Form.DISCORD: lambda page, url: _json({"content": _whole(page)}),
    Form.TELEGRAM: _chat,
    Form.JSON: lambda page, url: _json({"severity": page.severity, "title": page.title, "text": page.text}),
}


@dataclass(frozen=True, slots=True)
class Command:
    """Run a command for each page: title and text on its standard input, severity and title in its environment."""

    line: str
    timeout_s: float = 10.0

    @property
    def name(self) -> str:
        """Name the program."""
        return os.path.basename(self.words()[0])

    def words(self) -> list[str]:
        """Return the command's words; raise `UsageProblem` when it has none."""
        try:
            words = shlex.split(self.line)
        except ValueError:
            words = []
        if not words:
            raise UsageProblem(f"the command '{self.line}' cannot be read: mend pages.command")
        return words

    def send(self, page: Page) -> None:
        """Run it once, and end it with all it started when it takes too long."""
        seen = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
        told = {"ALVH_PAGE_SEVERITY": page.severity.value, "ALVH_PAGE_TITLE": page.title}
        try:
            process = subprocess.Popen(
                self.words(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=seen | told,
                start_new_session=True,
            )
        except OSError as problem:
            raise Undelivered(f"{self.name} cannot be started ({problem.strerror})") from None
        with process:
            try:
                process.communicate(_whole(page).encode(), timeout=self.timeout_s)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise Undelivered(f"{self.name} took longer than {self.timeout_s:g} s") from None
        if process.returncode:
            raise Undelivered(f"{self.name} ended with code {process.returncode}")

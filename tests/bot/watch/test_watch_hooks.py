"""Pages over real sockets and real processes: forms, failures, bounds, and secrets that stay secret."""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UsageProblem
from bot.watch.hooks import Command, Form, Undelivered, Webhook
from bot.watch.outbox import MOST_WAITING, Outbox
from bot.watch.pages import Page, Severity
from config.rules import is_web_address

PAGE = Page(severity=Severity.CRITICAL, title="alvh PAPER DU123: critical", text="the line is lost \u2013 look")
TOKEN = "s3cr3t-t0ken"


@dataclass
class Service:
    """Be a web service that keeps what it is told."""

    port: int = 0
    answer: int = 200
    location: str = ""
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def service() -> Iterator[Service]:
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.heard.append((self.path, dict(self.headers), body))
            self.send_response(told.answer)
            if told.location:
                self.send_header("Location", told.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()


def test_a_plain_page_is_the_text_with_title_and_priority_beside_it(service: Service) -> None:
    Webhook(f"http://127.0.0.1:{service.port}/{TOKEN}", timeout_s=5).send(PAGE)
    ((path, headers, body),) = service.heard
    assert path == f"/{TOKEN}"
    assert body.decode() == PAGE.text
    assert headers["Title"] == PAGE.title
    assert headers["Priority"] == "5"


@pytest.mark.parametrize(
    ("form", "query", "expected"),
    [
        (Form.SLACK, "", {"text": f"{PAGE.title}\n{PAGE.text}"}),
        (Form.DISCORD, "", {"content": f"{PAGE.title}\n{PAGE.text}"}),
        (Form.TELEGRAM, "?chat_id=42", {"text": f"{PAGE.title}\n{PAGE.text}", "chat_id": "42"}),
        (Form.JSON, "", {"severity": "critical", "title": PAGE.title, "text": PAGE.text}),
    ],
)
def test_each_service_is_told_in_its_own_form(
    service: Service, form: Form, query: str, expected: dict[str, str]
) -> None:
    Webhook(f"http://127.0.0.1:{service.port}/{TOKEN}{query}", form, timeout_s=5).send(PAGE)
    ((_, headers, body),) = service.heard
    assert json.loads(body) == expected
    assert headers["Content-Type"] == "application/json"


def test_an_error_answer_is_a_failure_that_names_the_host_and_not_the_address(service: Service) -> None:
    service.answer = 503
    with pytest.raises(Undelivered) as failed:
        Webhook(f"http://127.0.0.1:{service.port}/{TOKEN}", timeout_s=5).send(PAGE)
    assert str(failed.value) == "127.0.0.1 answered 503"


def test_a_redirect_is_not_followed_because_it_would_tell_the_page_to_somebody_else(service: Service) -> None:
    service.answer, service.location = 302, f"http://127.0.0.1:{service.port}/elsewhere"
    with pytest.raises(Undelivered, match="302"):
        Webhook(f"http://127.0.0.1:{service.port}/{TOKEN}", timeout_s=5).send(PAGE)
    assert len(service.heard) == 1


def nobody() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/{TOKEN}"


def test_no_failure_name_or_log_line_holds_the_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    addresses = (nobody(), f"http://host.invalid/{TOKEN}", f"http://127.0.0.1:1/{TOKEN}/with space\x00")
    said = []
    for address in addresses:
        outbox = Outbox(Webhook(address, timeout_s=2), pauses_s=())
        outbox.post(PAGE)
        assert outbox.settle(20.0)
        said += [outbox.name, repr(Webhook(address)), *outbox.failures()]
    assert len(said) == 3 * len(addresses)
    assert TOKEN not in " ".join([*said, caplog.text])


def test_a_service_that_accepts_and_says_nothing_is_given_up_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hook = Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/{TOKEN}", timeout_s=0.2)
        with pytest.raises(Undelivered):
            hook.send(PAGE)


def test_a_service_that_answers_rubbish_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(b"\xff\xfe not http\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(Undelivered):
            Webhook(f"http://127.0.0.1:{server.getsockname()[1]}/{TOKEN}", timeout_s=5).send(PAGE)
        thread.join(5)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://x/y", "https://", "", "x", "http://[1", "http://a:x/"]
)
def test_what_is_no_web_address_is_refused_when_the_settings_are_read(address: str) -> None:
    assert not is_web_address(address)
    with pytest.raises(UsageProblem) as refused:
        Webhook(address)
    assert not address or f"'{address}'" not in str(refused.value)


def test_a_stuck_hook_holds_up_neither_the_caller_nor_the_others() -> None:
    released, taken = threading.Event(), []

    class Stuck:
        name = "stuck"

        def send(self, page: Page) -> None:
            released.wait(30)

    class Sound:
        name = "sound"

        def send(self, page: Page) -> None:
            taken.append(page)

    stuck, sound = Outbox(Stuck(), ()), Outbox(Sound(), ())
    for _ in range(MOST_WAITING + 10):
        stuck.post(PAGE)
    sound.post(PAGE)
    assert sound.settle(10.0)
    assert taken == [PAGE]
    assert len(stuck.failures()) >= 9, "what waits is bounded"
    stuck.close(0.05)
    released.set()


def test_closing_gives_what_waits_a_moment_to_leave() -> None:
    taken = []

    class Slow:
        name = "slow"

        def send(self, page: Page) -> None:
            taken.append(page)

    outbox = Outbox(Slow(), ())
    for _ in range(5):
        outbox.post(PAGE)
    outbox.close(10.0)
    assert len(taken) == 5
    outbox.post(PAGE)
    assert len(taken) == 5
    assert outbox.failures()


def python(code: str) -> str:
    return f'{sys.executable} -c "{code}"'


def test_a_command_gets_the_words_on_its_standard_input_and_no_secret_in_its_surroundings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALVH_PAGES__URLS", f'["https://ntfy.sh/{TOKEN}"]')
    out = tmp_path / "out"
    program = tmp_path / "page.py"
    program.write_text(
        "import os, pathlib, sys\n"
        f"pathlib.Path({str(out)!r}).write_text(sys.stdin.read() + '|' + ' '.join(sys.argv) + '|' + "
        "os.environ['ALVH_PAGE_SEVERITY'] + '|' + str(dict(os.environ)))\n"
    )
    Command(f"{sys.executable} {program}", timeout_s=30).send(PAGE)
    said, arguments, severity, surroundings = out.read_text().split("|", 3)
    assert said == f"{PAGE.title}\n{PAGE.text}"
    assert "line is lost" not in arguments
    assert severity == "critical"
    assert TOKEN not in surroundings


def test_a_command_that_fails_hangs_or_does_not_exist_is_a_failure() -> None:
    with pytest.raises(Undelivered, match="ended with code 3"):
        Command(python("import sys; sys.exit(3)"), timeout_s=30).send(PAGE)
    with pytest.raises(Undelivered, match=r"longer than 0\.2 s"):
        Command(python("import time; time.sleep(60)"), timeout_s=0.2).send(PAGE)
    with pytest.raises(Undelivered, match="cannot be started"):
        Command("/no/such/program").send(PAGE)
    for line in ("", "'unclosed"):
        with pytest.raises(UsageProblem):
            Command(line).words()

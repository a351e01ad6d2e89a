"""Providers that write down what they have taken before they answer, so that a kill in between shows."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server  # noqa: N811
from aiosmtpd.smtp import Envelope, Session

from iop_schedule.adapters.messages import Messages, SmsMessages, SmtpMessages
from iop_schedule.vocabulary import Channel
from tests.ports import free_port

#: Between writing down and answering: where kills hurt.
WINDOW_SECONDS = 0.01


class Oracle:
    """What a provider has really taken: one entry for each message, by whom it was for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: list[tuple[str, str]] = []
        self._lock = Lock()

    def take(self, to: str, text: str) -> int:
        """Write one message down, then take a while to say so; return how many there are."""
        with self._lock:
            self.taken.append((to, text))
            number = len(self.taken)
        time.sleep(WINDOW_SECONDS)
        return number


class _Mail:
    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content)
        self.oracle.take(str(message["To"]), message["Message-ID"])
        return "250 OK"


class _Texts(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer goes out in one piece; in two, the second would wait 40 ms for the other side's nod.
    wbufsize = -1
    disable_nagle_algorithm = True
    oracle: Oracle

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        number = self.oracle.take(form["To"], form["Body"])
        self._answer(201, {"sid": f"SM{number}"})

    def do_GET(self) -> None:
        (to,) = parse_qs(urlsplit(self.path).query)["To"]
        found = [
            {"sid": f"SM{number}", "body": text}
            for number, (whose, text) in enumerate(self.oracle.taken, 1)
            if whose == to
        ]
        self._answer(200, {"messages": found[::-1]})

    def _answer(self, status: int, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def recording_provider(channel: Channel) -> Iterator[Oracle]:
    """Run a provider for the block: a mail server, which cannot be asked, or one for texts, which can."""
    if channel is Channel.EMAIL:
        oracle = Oracle(free_port())
        controller = Controller(_Mail(oracle), hostname="127.0.0.1", port=oracle.port)
        controller.start()
        yield oracle
        controller.stop()
        return
    handler = type("Texts", (_Texts,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        handler.oracle = Oracle(server.server_address[1])
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield handler.oracle
        server.shutdown()
        thread.join()


def door_to(channel: Channel, port: int) -> Messages:
    """Return what hands messages over to the provider at `port`."""
    if channel is Channel.EMAIL:
        return SmtpMessages("127.0.0.1", port, "appointments@example.org", starttls=False)
    return SmsMessages(f"http://127.0.0.1:{port}", account="AC1", secret="s", sender="+12025550100")

"""Our feed beside Radicale and Xandikos: the same 60 events, one worker each, over HTTP on this machine.

    python -m benchmarks.feeds_compared              # about a minute, most of it making the environment
    python -m benchmarks.feeds_compared --seconds 10

Radicale and Xandikos are installed from the package registry into an environment of their own, in a temporary
folder; nothing of them is part of the project. Ours and Radicale run under one gunicorn worker with eight
threads, as ours is deployed; Xandikos brings its own server. The client keeps two connections busy. Processor
time is that of the server's processes. The goal: unchanged and 304 at least 1,000 a second for each worker,
and ten times what Radicale does; exit status 1 when missed.
"""

import argparse
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from importlib.metadata import version
from pathlib import Path

from benchmarks.feeds import NOW, SESSIONS, application, people
from iop_schedule import clock, logs
from iop_schedule.cli.serve import Server
from iop_schedule.models import db
from iop_schedule.web.feeds import Limits
from iop_schedule.web.rate_limits import RateLimit

OTHERS = ("radicale==3.9.0", "xandikos==0.4.10", f"gunicorn=={version('gunicorn')}")
GOAL, TIMES_RADICALE = 1000, 10
CONNECTIONS = 2
#: The other two want to know who asks; anyone is let in.
AUTHORIZATION = {"Authorization": "Basic YmVuY2g6YmVuY2g="}
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Address:
    """What is asked for, and where."""

    port: int
    path: str
    headers: dict[str, str]

    def request(self, **more: str) -> bytes:
        """Return the request as it goes over the wire."""
        lines = [f"GET {self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, **more}.items()]
        return "\r\n".join([*lines, "", ""]).encode()


class Connection:
    """A connection kept open, as calendar services do; as little work as can be on this side."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port))

    def ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Return status, head and body."""
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._read()
        head, _, body = received.partition(b"\r\n\r\n")
        status = int(head[9:12])
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        wanted = int(length[1]) if length and status != 304 else 0
        while len(body) < wanted:
            body += self._read()
        if re.search(rb"(?i)\r\nconnection: *close", head):
            self.close()
            self._socket = socket.create_connection(("127.0.0.1", self._port))
        return status, head, body

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _read(self) -> bytes:
        received = self._socket.recv(1 << 16)
        if not received:
            message = "the server hung up"
            raise ConnectionError(message)
        return received


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a second, and milliseconds of the server's processor for one."""

    status: int
    a_second: float
    cost: float


def measured(
    server: subprocess.Popen[bytes],
    address: Address,
    seconds: float,
    *,
    before: Callable[[], None],
    **more: str,
) -> Rate:
    """Ask again and again; `before` runs ahead of every request."""
    request = address.request(**more)
    statuses: set[int] = set()
    counts = [0] * CONNECTIONS
    until = time.perf_counter() + seconds

    def keep_asking(number: int) -> None:
        connection = Connection(address.port)
        while time.perf_counter() < until:
            before()
            statuses.add(connection.ask(request)[0])
            counts[number] += 1
        connection.close()

    began, used = time.perf_counter(), processor_seconds(server.pid)
    threads = [threading.Thread(target=keep_asking, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - began
    (status,) = statuses
    used = processor_seconds(server.pid) - used
    return Rate(status, sum(counts) / taken, used / sum(counts) * 1000)


def processor_seconds(session: int) -> float:
    """Return what the processes of a session have used so far."""
    used = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) == session:
                used += int(fields[11]) + int(fields[12])
    return used / _TICK


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server, wait until it listens, and stop it with all it started."""
    server = subprocess.Popen(
        command, env=os.environ | environment, start_new_session=True, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield server
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve_ours(folder: Path, port: int) -> None:
    """Run in a process of its own: the application as it is deployed, without the limit on readings."""
    app = application(folder, f"sqlite:///{folder}/feeds.db")
    with app.app_context():
        path = people(50)
        db.session.remove()
    clock.freeze(NOW)
    never = RateLimit(10**9, timedelta(hours=1))
    app.extensions["calendar-limits"] = Limits(never, never)
    (folder / "path").write_text(path)
    with Path(os.devnull).open("w") as nowhere:
        logs.write_to(nowhere)  # as many lines as a clinic writes
        Server(app, "127.0.0.1", port, jobs=False).run()


def make_environment(folder: Path) -> Path:
    """Make an environment with the other two; return its folder of programs."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    programs = folder / "bin"
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([str(programs / "pip"), "install", *quiet, *OTHERS], check=True)
    return programs


def fill_radicale(port: int, calendar: bytes) -> Address:
    path = "/bench/calendar/"
    for method, body in (("MKCALENDAR", b""), ("PUT", calendar)):
        _send(port, method, path, body)
    return Address(port, path, AUTHORIZATION)


def fill_xandikos(port: int, calendar: bytes) -> Address:
    path = "/user/calendars/calendar/"
    text = calendar.decode()
    head = text[: text.index("BEGIN:VEVENT")]
    for number, event in enumerate(re.findall(r"BEGIN:VEVENT.*?END:VEVENT\r\n", text, re.DOTALL)):
        _send(port, "PUT", f"{path}{number}.ics", f"{head}{event}END:VCALENDAR\r\n".encode())
    return Address(port, path, {"Accept": "text/calendar"})


def _send(port: int, method: str, path: str, body: bytes) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, {"Content-Type": "text/calendar", **AUTHORIZATION})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status not in {200, 201, 204}:
        message = f"{method} was answered with {answer.status}"
        raise RuntimeError(message)


def row(name: str, rate: Rate) -> None:
    print(f"{name:<34}{rate.status:>6}{rate.a_second:>14.0f}{rate.cost:>18.2f}", flush=True)


def compare(
    name: str, server: subprocess.Popen[bytes], address: Address, seconds: float
) -> tuple[Rate, Rate, bytes]:
    """Measure a whole calendar and one that has not changed; return both, and the calendar."""
    connection = Connection(address.port)
    _, head, body = connection.ask(address.request())
    connection.close()
    if body.count(b"BEGIN:VEVENT") != SESSIONS:
        message = f"{name} serves {body.count(b'BEGIN:VEVENT')} events"
        raise RuntimeError(message)
    tag = re.search(rb"(?i)\r\netag: *(\S+)", head)
    held = {"If-None-Match": tag[1].decode()} if tag else {}
    whole = measured(server, address, seconds, before=_nothing)
    again = measured(server, address, seconds, before=_nothing, **held)
    row(f"{name}, whole", whole)
    row(f"{name}, with its ETag", again)
    return whole, again, body


def _nothing() -> None:
    """Do nothing."""


def stale(database: Path) -> Callable[[], None]:
    """Return what makes the stored body out of date, in each thread by a connection of its own."""
    own = threading.local()

    def mark() -> None:
        if not hasattr(own, "connection"):
            own.connection = sqlite3.connect(database, isolation_level=None, timeout=10)
        own.connection.execute("UPDATE calendar_body SET version = 'old'")

    return mark


def run(folder: Path, seconds: float) -> int:
    programs = make_environment(folder / "others")
    print(f"{SESSIONS} events, one worker, {CONNECTIONS} connections, {seconds:g} s each")
    print(f"{'':<34}{'status':>6}{'requests/s':>14}{'ms of processor':>18}")
    port = free_port()
    ours = [sys.executable, "-m", "benchmarks.feeds_compared", "--serve", str(port), "--folder", str(folder)]
    with running(ours, port) as server:
        address = Address(port, (folder / "path").read_text(), {})
        whole, unchanged, calendar = compare("ours", server, address, seconds)
        rebuilt = measured(server, address, seconds, before=stale(folder / "feeds.db"))
        row("ours, made again", rebuilt)
    (folder / "radicale.conf").write_text(
        f"[auth]\ntype = none\n[rights]\ntype = authenticated\n"
        f"[storage]\nfilesystem_folder = {folder}/radicale\n[logging]\nlevel = warning\n"
    )
    port = free_port()
    radicale = [str(programs / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    radicale += ["--worker-class", "gthread", "--threads", "8", "--log-level", "warning", "radicale"]
    with running(radicale, port, RADICALE_CONFIG=str(folder / "radicale.conf")) as server:
        theirs = compare("Radicale", server, fill_radicale(port, calendar), seconds)[:2]
    port = free_port()
    xandikos = [str(programs / "xandikos"), "serve", "--defaults", "-d", str(folder / "xandikos")]
    xandikos += ["--state-dir", str(folder / "state"), "-l", "127.0.0.1", "-p", str(port)]
    with running(xandikos, port) as server:
        compare("Xandikos", server, fill_xandikos(port, calendar), seconds)
    return verdict(whole, unchanged, max(theirs, key=lambda rate: rate.a_second))


def verdict(whole: Rate, unchanged: Rate, radicale: Rate) -> int:
    """Say whether the goals are reached; return 1 when one is missed."""
    missed = 0
    for name, rate in (("whole", whole), ("304", unchanged)):
        reached = rate.a_second >= GOAL and rate.a_second >= TIMES_RADICALE * radicale.a_second
        missed |= not reached
        times = rate.a_second / radicale.a_second
        said = "reached" if reached else "MISSED"
        print(f"{name}: {rate.a_second:.0f} a second, {times:.0f} times Radicale: {said}")
    return int(missed)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_ours(options.folder, options.serve)
        return
    with tempfile.TemporaryDirectory() as name:
        sys.exit(run(Path(name), options.seconds))


if __name__ == "__main__":
    main()

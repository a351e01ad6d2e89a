"""A web server that can be killed at any moment, for `test_attendance_survives`.

Run as a program it prints its port and waits for lines on standard input. For each line it starts a new
server process on the same port and prints its process id. The port stays open meanwhile, as behind a proxy.
"""

import os
import socket
import sys
from datetime import datetime
from pathlib import Path

from werkzeug.serving import make_server

from iop_schedule import clock
from iop_schedule.app import create_app
from tests.browser.serve import Quiet
from tests.conftest import make_settings


def serve(url: str, instance: Path, listener: socket.socket) -> None:
    """Answer until killed."""
    app = create_app(make_settings(instance, url))
    app.config["WTF_CSRF_ENABLED"] = False  # the editors are no browsers
    host, port = listener.getsockname()
    make_server(host, port, app, threaded=True, request_handler=Quiet, fd=listener.fileno()).serve_forever()


def main() -> None:
    """Start a server for each line; forking after the imports saves their time."""
    url, instance, moment = sys.argv[1:]
    clock.freeze(datetime.fromisoformat(moment))
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    pid = 0
    for _ in sys.stdin:
        if pid:
            os.waitpid(pid, 0)
        pid = os.fork()
        if pid == 0:
            serve(url, Path(instance), listener)
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()

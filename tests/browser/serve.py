"""Serve the invented clinic at a standing moment, for the browser tests: `python -m tests.browser.serve`.

Prints one line of JSON when it listens: its address and the sign-ins.
"""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from flask_migrate import upgrade
from werkzeug.serving import WSGIRequestHandler, make_server

from iop_schedule import clock
from iop_schedule.actions.placement_runs import work_off
from iop_schedule.app import create_app
from iop_schedule.config import Settings
from iop_schedule.demo import add_outreach, load_demo_clinic

#: Monday 2026-03-09, 9:20 in New York: two morning groups are on, and last week's marks are not complete.
NOW = datetime(2026, 3, 9, 13, 20, tzinfo=UTC)


class Quiet(WSGIRequestHandler):
    """Answers without a line for each request."""

    def log_request(self, *arguments: object) -> None:
        """Say nothing."""


def main(folder: Path, assets: Path) -> None:
    """Make the clinic in `folder` and serve it until the process is ended."""
    clock.freeze(NOW)
    app = create_app(
        Settings(
            instance=folder,
            database_url=f"sqlite:///{folder / 'iop.db'}",
            secret_key="a-secret-for-browser-tests-0123456789",
            password_salt="a-salt-for-browser-tests-0123456789ab",
            secure_cookies=False,
            assets=assets,
        )
    )
    with app.app_context():
        upgrade()
        accounts = load_demo_clinic(now=NOW)
        add_outreach(now=NOW)
        work_off(now=clock.now, abandon=lambda: False)  # the first plan for everyone that waits
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    ready = {"url": f"http://127.0.0.1:{server.server_port}", "accounts": [asdict(one) for one in accounts]}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""One log line per request: template of the address, never the address itself."""

import logging

from flask import Flask, Response, g, request

from iop_schedule import clock

log = logging.getLogger(__name__)


def init_request_log(app: Flask) -> None:
    """Write a line when a request has been answered."""
    app.after_request(_write_line)


def _write_line(response: Response) -> Response:
    actor = g.get("actor")
    sign_in = g.get("sign_in")
    log.info(
        "request",
        extra={
            "reference": g.get("reference", ""),
            "method": request.method if request.method.isalpha() else "?",
            "route": request.url_rule.rule if request.url_rule else "no such page",
            "status": response.status_code,
            "milliseconds": round((clock.monotonic() - g.get("started", clock.monotonic())) * 1000),
            "actor_id": actor.user_id if actor else sign_in.user.id if sign_in else None,
        },
    )
    return response

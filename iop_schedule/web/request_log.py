"""One log line per request: template of the address, never the address itself."""

import logging

from flask import Flask, Response, g, request

from iop_schedule import clock

log = logging.getLogger(__name__)


def init_request_log(app: Flask) -> None:
    """Write a line when a request has been answered."""
    app.after_request(_write_line)


def _method() -> str:
    method = str(request.environ.get("REQUEST_METHOD", ""))
    return method if method.isascii() and method.isalpha() and len(method) < 10 else "?"  # noqa: PLR2004


def _write_line(response: Response) -> Response:
    actor = g.get("actor")
    sign_in = g.get("sign_in")
    log.info(
        "request",
        extra={
            "reference": g.get("reference", ""),
            "method": _method(),
            "route": request.url_rule.rule if request.url_rule else "no such page",
            "status": response.status_code,
            "milliseconds": round((clock.monotonic() - g.get("started", clock.monotonic())) * 1000),
            "actor_id": actor.user_id if actor else sign_in.user.id if sign_in else None,
        },
    )
    return response

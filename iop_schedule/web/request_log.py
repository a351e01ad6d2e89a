"""One log line per request: template of the address, never the address itself."""

import logging

from flask import Flask, Response, g, request

from iop_schedule import clock

log = logging.getLogger(__name__)


def init_request_log(app: Flask) -> None:
    """Write a line when a request has been answered."""
    app.after_request(_note_answer)


def _method() -> str:
    method = str(request.environ.get("REQUEST_METHOD", ""))
    return method if method.isascii() and method.isalpha() and len(method) < 10 else "?"  # noqa: PLR2004


def _note_answer(response: Response) -> Response:
    actor = g.get("actor")
    sign_in = g.get("sign_in")
    write_line(
        method=_method(),
        route=request.url_rule.rule if request.url_rule else "no such page",
        status=response.status_code,
        began=g.get("started", clock.monotonic()),
        reference=g.get("reference", ""),
        actor_id=actor.user_id if actor else sign_in.user.id if sign_in else None,
    )
    return response


def write_line(
    *, method: str, route: str, status: int, began: float, reference: str, actor_id: int | None = None
) -> None:
    """Write the line of one answered request; `began` is a reading of the clock that never runs back."""
    log.info(
        "request",
        extra={
            "reference": reference,
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round((clock.monotonic() - began) * 1000),
            "actor_id": actor_id,
        },
    )

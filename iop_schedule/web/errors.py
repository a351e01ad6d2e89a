"""Errors as pages in plain words, with a reference number that the log line carries too."""

import logging

from flask import Flask, g, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from iop_schedule.errors import DomainError
from iop_schedule.models import db

log = logging.getLogger(__name__)


def init_errors(app: Flask) -> None:
    """Answer every error with a page that says what to do."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _page(status: int, message: str | None = None) -> ResponseReturnValue:
    reference = g.get("reference", "")
    known = status if status in {400, 403, 404, 405, 409, 413, 422, 429, 503} else 500
    return render_template(f"errors/{known}.html", reference=reference, message=message), status


def _domain_error(error: DomainError) -> ResponseReturnValue:
    db.session.rollback()
    return _page(error.status, error.message if error.status != 404 else None)  # noqa: PLR2004


def _stale_form(error: CSRFError) -> ResponseReturnValue:  # noqa: ARG001
    return _page(400, "This page was open for too long. Go back, load it again and repeat your entry.")


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:  # noqa: PLR2004 - redirects are not errors
        return error.get_response()
    return _page(error.code)


def _unexpected(error: Exception) -> ResponseReturnValue:
    db.session.rollback()
    log.error("unexpected error", exc_info=error, extra={"reference": g.get("reference", "")})
    return _page(500)

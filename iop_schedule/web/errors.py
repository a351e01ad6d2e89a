"""Errors as pages in plain words, with a reference number that the log line carries too."""

import logging

from flask import Flask, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException

from iop_schedule.actions import transactions
from iop_schedule.actions.locks import booked_meanwhile
from iop_schedule.errors import DomainError
from iop_schedule.web.security import denied

log = logging.getLogger(__name__)

#: Statuses that have a page of their own.
PAGES = frozenset({400, 403, 404, 405, 409, 413, 422, 429, 503})
#: What an error page says when nobody was told more.
STALE_FORM = "This page was open for too long. Go back, load it again and repeat your entry."


def init_errors(app: Flask) -> None:
    """Answer every error with a page that says what to do."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(IntegrityError, _refused_by_database)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(NoConnection, _busy)
    app.register_error_handler(Exception, _unexpected)


def wants_json() -> bool:
    """Return True when a script asks, for which a sentence in JSON is better than a page."""
    return request.is_json or request.accept_mimetypes.best == "application/json"


def _page(status: int, message: str | None = None, *, retry_after: int | None = None) -> ResponseReturnValue:
    reference = g.get("reference", "")
    if wants_json():
        response = jsonify(message=message or _words(status), reference=reference)
    else:
        known = status if status in PAGES else 500
        response = make_response(
            render_template(f"errors/{known}.html", reference=reference, message=message)
        )
    response.status_code = status
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _words(status: int) -> str:
    """Return the sentence a script shows; pages have their own."""
    return {
        403: "Your role does not include this.",
        404: "This does not exist, or it is not yours to see.",
        503: "Not saved. Wait a moment and try again.",
    }.get(status, "That did not work. Load the page again and repeat your entry.")


def _domain_error(error: DomainError) -> ResponseReturnValue:
    transactions.abandon()
    if error.status in {403, 404}:
        denied()
    # "Not found" never says why: the reason would tell who is a client here.
    message = None if error.status == 404 else error.message  # noqa: PLR2004
    return _page(error.status, message, retry_after=error.data.get("retry_after"))


def _stale_form(error: CSRFError) -> ResponseReturnValue:  # noqa: ARG001
    return _page(400, STALE_FORM)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:  # noqa: PLR2004 - redirects are not errors
        return error.get_response()
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, OperationalError | NoConnection):
        return _busy(cause)  # The page was ready, but that it was looked at could not be written down.
    answer = make_response(_page(error.code))
    if error.code == 405 and error.get_response().headers.get("Allow"):  # noqa: PLR2004
        answer.headers["Allow"] = error.get_response().headers["Allow"]
    return answer


def _refused_by_database(error: IntegrityError) -> ResponseReturnValue:
    """Answer the second of two people who booked one time or seat; anything else is a mistake of ours."""
    told = booked_meanwhile(error)
    return _unexpected(error) if told is None else _domain_error(told)


def _busy(error: Exception) -> ResponseReturnValue:
    """Answer a database that is away, locked or overloaded: nothing was stored, and it will come back."""
    _log_unexpected(error)
    transactions.abandon()
    return _page(503, retry_after=5)


def _unexpected(error: Exception) -> ResponseReturnValue:
    _log_unexpected(error)
    transactions.abandon()
    return _page(500)


def _log_unexpected(error: Exception) -> None:
    log.error("unexpected error", exc_info=error, extra={"reference": g.get("reference", "")})

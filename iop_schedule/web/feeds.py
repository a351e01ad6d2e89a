"""The calendar feed itself, for whoever holds its secret link, and the short way to one that has not changed.

The random part of an address is a key to somebody's times. It is in no log, no audit row, no error page
and no referrer.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine
from werkzeug.http import http_date, is_resource_modified

from iop_schedule import clock
from iop_schedule.actions import calendars as actions
from iop_schedule.actions.calendars import Served
from iop_schedule.adapters import tokens
from iop_schedule.adapters.ical import uid_key
from iop_schedule.config import Settings
from iop_schedule.domain.calendar_feeds import Answer
from iop_schedule.queries.calendar_links import engine_of_this_app
from iop_schedule.web.rate_limits import RateLimit
from iop_schedule.web.request_log import write_line
from iop_schedule.web.security import settings, source, standard_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

feeds = Blueprint("feeds", __name__)

CALENDAR_TYPE = "text/calendar; charset=utf-8"
BEFORE_TOKEN, AFTER_TOKEN = "/c/", "/schedule.ics"
ROUTE = f"{BEFORE_TOKEN}<token>{AFTER_TOKEN}"
#: Links that are not ours, for each address; links that are, for each link.
FAILURES = 20, timedelta(minutes=1)
READINGS = 120, timedelta(hours=1)
#: A browser that opens the address may do nothing with it but show or save it.
_CLOSED = (
    ("Cache-Control", "private, no-cache"),
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
    ("Referrer-Policy", "no-referrer"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How often links may be read, and guessed."""

    failures: RateLimit
    readings: RateLimit


def init_feeds(app: Flask) -> None:
    """Count readings, and put the short way in front of the long one."""
    app.extensions["calendar-limits"] = Limits(RateLimit(*FAILURES), RateLimit(*READINGS))
    app.wsgi_app = QuickFeeds(app, app.wsgi_app)  # type: ignore[method-assign]


@feeds.route(ROUTE, methods=["GET"], provide_automatic_options=False)
def serve(token: str) -> ResponseReturnValue:
    """Serve the sessions behind a secret link to whoever holds it."""
    served = None if came_in_clear(settings(), request.scheme) else _serve(token)
    if served is None:
        wait = _limits(current_app).failures.wait(_address(), g.now)
        return _too_many(wait) if wait else _plain("There is no calendar here.", 404)
    wait = _limits(current_app).readings.wait(served.link_id, g.now)
    if wait:
        return _too_many(wait)
    if served.answer is Answer.GONE:
        return _plain("This calendar has ended.", 410)
    return Response(served.body, 200 if served.body is not None else 304, _headers(served))


def _serve(token: str) -> Served | None:
    return actions.serve(
        token=token,
        key=settings().secret_key,
        uid_key=uid_key(settings().secret_key),
        user_agent=request.headers.get("User-Agent", ""),
        lacks=_Asker(request.environ).lacks,
        now=g.now,
    )


@dataclass(frozen=True, slots=True)
class _Asker:
    """A request, as far as it says which body the asker holds."""

    environ: "WSGIEnvironment"

    def lacks(self, etag: str, changed_at: datetime | None) -> bool:
        if self.environ.get("HTTP_IF_NONE_MATCH") == etag:
            return False  # what nearly everyone says, in the words we said it in
        return is_resource_modified(self.environ, etag=etag, last_modified=changed_at)

    @property
    def has_some(self) -> bool:
        return "HTTP_IF_NONE_MATCH" in self.environ or "HTTP_IF_MODIFIED_SINCE" in self.environ


def _headers(served: Served) -> list[tuple[str, str]]:
    headers = [*_CLOSED, ("Content-Disposition", 'inline; filename="schedule.ics"'), ("ETag", served.etag)]
    if served.body is not None:
        headers.append(("Content-Type", CALENDAR_TYPE))
        headers += [("Last-Modified", http_date(served.changed_at))] if served.changed_at else []
    return headers


def came_in_clear(here: Settings, scheme: str) -> bool:
    """Return True when a link meant for HTTPS came over HTTP, as far as the proxies in front can tell."""
    return here.trusted_proxies > 0 and here.public_url.startswith("https:") and scheme != "https"


def _limits(app: Flask) -> Limits:
    found: Limits = app.extensions["calendar-limits"]
    return found


def _address() -> str:
    return tokens.keyed_hash(settings().secret_key, "calendar-source", source())


def _plain(words: str, status: int) -> Response:
    headers = [("Content-Type", "text/plain; charset=utf-8"), *_CLOSED]
    return Response(words + "\n", status, headers)


def _too_many(seconds: int) -> Response:
    response = _plain("Too many requests. Ask again later.", 429)
    response.headers["Retry-After"] = str(seconds)
    return response


class QuickFeeds:
    """Answers fetches of unchanged calendars before the application puts its guards around a request.

    Such a fetch has no sign-in, no cookie and nothing to write, so that most of what happens for a page
    would be for nothing. Whatever is not plain goes the long way, which says the same in three times
    the time: `serve`.
    """

    def __init__(self, app: Flask, inner: "WSGIApplication") -> None:
        """Stand before `inner`, the application's own entry."""
        self._app, self._inner = app, inner

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer, or hand the request on."""
        token = _token_in(environ)
        began = clock.monotonic()
        served = None if token is None else self._served(token, environ)
        if served is None:
            return self._inner(environ, start_response)
        unchanged = served.body is None
        status = "304 NOT MODIFIED" if unchanged else "200 OK"
        length = [] if served.body is None else [("Content-Length", str(len(served.body)))]
        start_response(status, [*_headers(served), *length, *standard_headers(self._app)])
        write_line(
            method=environ["REQUEST_METHOD"], route=ROUTE, status=304 if unchanged else 200, began=began,
            reference=secrets.token_hex(4),
        )  # fmt: skip
        return [] if served.body is None or environ["REQUEST_METHOD"] == "HEAD" else [served.body]

    def _served(self, token: str, environ: "WSGIEnvironment") -> Served | None:
        asker, here, now = _Asker(environ), self._app.extensions["settings"], clock.now()
        if came_in_clear(here, environ["wsgi.url_scheme"]):
            return None
        try:
            found = actions.serve_unchanged(
                self._engine,
                token=token,
                key=here.secret_key,
                lacks=asker.lacks,
                has_some=asker.has_some,
                now=now,
            )
        except Exception:  # noqa: BLE001 - the long way meets the same trouble and says it properly
            return None
        if found is None or _limits(self._app).readings.wait(found.link_id, now):
            return None
        return found

    @cached_property
    def _engine(self) -> Engine:
        with self._app.app_context():
            return engine_of_this_app()


def _token_in(environ: "WSGIEnvironment") -> str | None:
    """Return the random part of an address that is a feed's and nothing more, asked for by GET or HEAD."""
    path: Any = environ.get("PATH_INFO", "")
    if not path.startswith(BEFORE_TOKEN) or not path.endswith(AFTER_TOKEN) or environ.get("QUERY_STRING"):
        return None
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return None
    token: str = path[len(BEFORE_TOKEN) : -len(AFTER_TOKEN)]
    return token if token.isascii() else None

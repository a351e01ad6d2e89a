"""Who is asking and may they: sessions, permissions by endpoint, the response headers."""

import secrets
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, current_app, flash, g, jsonify, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import BadRequest
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from iop_schedule import clock, logs
from iop_schedule.actions import accounts, audit, transactions
from iop_schedule.adapters import tokens
from iop_schedule.config import Settings
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.domain.sign_in import SEEN_EVERY, SessionLimits
from iop_schedule.errors import NotAllowed, NotFound
from iop_schedule.queries.access import Actor, OpenSession, actor_for, open_session
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.numbers import LARGEST

View = TypeVar("View", bound=Callable[..., Any])

#: Endpoints that need no sign-in; tests/repository/endpoints.toml is the reviewed list.
PUBLIC = frozenset(
    {
        "static",
        "attendance.service_worker",
        "answers.act",
        "answers.page",
        "answers.report",
        "answers.stop",
        "answers.text",
        "auth.sign_in",
        "auth.set_password",
        "feeds.serve",
        "health.live",
        "health.ready",
        "home.manifest",
        "home.robots",
        "support_links.page",
    }
)
#: Endpoints that say themselves how long their answers may be kept.
OWN_CACHING = frozenset({"static", "feeds.serve"})
#: Endpoints every signed-in person may use.
SIGNED_IN = frozenset({"auth.sign_out", "home.index"})

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: Where the session cookie keeps its random value.
TOKEN = "token"  # noqa: S105 - the name of a key

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
        "manifest-src 'self'",
        "worker-src 'self'",
    )
)

_STANDARD_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "geolocation=(), camera=(), microphone=()"),
    ("X-Robots-Tag", "noindex, nofollow"),
)
_ONLY_ENCRYPTED = (("Strict-Transport-Security", "max-age=31536000"),)


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare, above a view's name, the permission its role must hold."""

    def declare(view: View) -> View:
        view.required_permission = permission  # type: ignore[attr-defined]
        return view

    return declare


def polled(view: View) -> View:
    """Declare that a page asks for this view by itself: it does not keep a session alive."""
    view.is_polled = True  # type: ignore[attr-defined]
    return view


def takes(most_bytes: int | Callable[[Settings], int]) -> Callable[[View], View]:
    """Declare how large a request to this view may be; a larger one is refused before it is read.

    It may be as the deployment has decided. Of somebody without a session no view takes more than usual.
    """

    def declare(view: View) -> View:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return declare


def settings() -> Settings:
    """Return what this deployment has decided."""
    found: Settings = current_app.extensions["settings"]
    return found


def actor() -> Actor:
    """Return who is acting in this request; only called where sign-in is required."""
    if "actor" not in g:
        g.actor = actor_for(current_user)
    found: Actor = g.actor
    return found


def viewed(kind: AuditKind, **what: Any) -> None:
    """Note that this page shows protected records; one audit row is written before it is sent."""
    g.viewed = (kind, what)


def offer_undo(words: str, url: str) -> None:
    """Say on the next page what was done, with a button that takes it back."""
    flash({"words": words, "url": url}, "undo")  # type: ignore[arg-type]  # kept as JSON, printed by a template


def denied() -> None:
    """Note that someone was turned away; with the ids they asked for, never with text from the address."""
    if "sign_in" not in g:
        return
    ids = {name: value for name, value in (request.view_args or {}).items() if isinstance(value, int)}
    viewed(AuditKind.ACCESS_DENIED, details={"endpoint": request.endpoint, **ids})


def begin_session(token: str) -> None:
    """Put a new session's random value into a fresh cookie; nothing of an earlier one survives."""
    session.clear()
    session[TOKEN] = token


def source() -> str:
    """Return where the request comes from; of an IPv6 address the network, which is one customer's."""
    address = request.remote_addr or "unknown"
    return ":".join(address.split(":")[:4]) if address.count(":") > 1 else address


def own_path(target: str | None) -> str | None:
    """Return `target` when it is a path of this application, else None.

    >>> own_path("/clients/7?tab=plan"), own_path("//elsewhere.example"), own_path("javascript:1")
    ('/clients/7?tab=plan', None, None)
    """
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in target):  # noqa: PLR2004 - controls and blanks
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


class RowNumber(IntegerConverter):
    """A number in an address that can be a row's; larger ones are no page, instead of an error."""

    regex = "[0-9]+"

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **{"max": LARGEST, **more})


def init_security(app: Flask) -> None:
    """Put the guards around every request."""
    app.url_map.converters["int"] = RowNumber
    proxies = app.extensions["settings"].trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]
    # First of all: the protection against forged forms also answers with a page that has a reference.
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.before_request(_guard)
    app.after_request(_headers)
    app.after_request(_note_seen)
    app.after_request(_write_view)  # functions run last to first: this one before the others
    app.teardown_request(_end)


def load_user(user_id: str) -> Any:
    """Return the login behind this request's cookie while its session is open, for the sign-in library."""
    token = session.get(TOKEN)
    if not isinstance(token, str):
        return None
    chosen = settings()
    found = open_session(
        tokens.token_hash(token),
        staff=SessionLimits(chosen.staff_idle, chosen.absolute_session),
        client=SessionLimits(chosen.client_idle, chosen.absolute_session),
        now=g.now,
    )
    if found is None or found.user.fs_uniquifier != user_id:
        return None
    g.sign_in = found
    return found.user


def _begin() -> None:
    for name in list(g):  # tests keep one application context over many requests
        g.pop(name)
    g.now = clock.now()
    g.started = clock.monotonic()
    g.reference = secrets.token_hex(4)
    logs.reference.set(g.reference)
    most_bytes = getattr(current_app.view_functions.get(request.endpoint or ""), "most_bytes", None)
    if most_bytes is not None and TOKEN in session:
        request.max_content_length = most_bytes(settings()) if callable(most_bytes) else most_bytes
    if request.method == "HEAD":
        request.method = "GET"  # a view that asks for the method means: is this a look, or a change?
    g.intent = transactions.declare_intent(writes=request.method not in SAFE_METHODS)


def _guard() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if request.method not in SAFE_METHODS and _is_from_elsewhere():
        raise NotAllowed
    _holds_nothing_unprintable()
    if endpoint is None or endpoint in PUBLIC:
        return None
    if not current_user.is_authenticated:
        return _sign_in_first()
    if endpoint in SIGNED_IN:
        return None
    permission = getattr(current_app.view_functions[endpoint], "required_permission", None)
    if permission is None:
        raise NotFound  # an endpoint nobody declared is closed
    if not holds(actor().role, permission):
        raise NotAllowed
    return None


def _holds_nothing_unprintable() -> None:
    """Refuse what no keyboard types and PostgreSQL cannot store."""
    if any("\x00" in text for _, text in request.values.items(multi=True)):
        raise BadRequest


def _is_from_elsewhere() -> bool:
    """Return True for a form another site sends; browsers say so, and nothing a page does changes it."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}


def _sign_in_first() -> ResponseReturnValue:
    """Answer someone whose session has ended, or who has none, in the way their page understands."""
    if session.pop(TOKEN, None) is not None:
        session.clear()
        flash("You were signed out to keep what you see private. Sign in again to go on.", "info")
    address = url_for("auth.sign_in")
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": address})
    if request.is_json or request.accept_mimetypes.best == "application/json":
        answer = jsonify(message="Sign in again to go on.")
        answer.status_code = 401
        return answer
    if request.method == "GET" and request.path != "/":
        address += "?" + urlencode({"next": _without_search()})
    return redirect(address)


def _without_search() -> str:
    """Return the path asked for; what somebody typed into a search stays out of further addresses."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "q"]
    return request.path + ("?" + urlencode(kept) if kept else "")


def _write_view(response: Response) -> Response:
    noted = g.pop("viewed", None)
    if noted is None:
        return response
    kind, what = noted
    audit.record_alone(kind, actor=actor(), now=g.now, reference=g.reference, **what)
    return response


def _note_seen(response: Response) -> Response:
    sign_in: OpenSession | None = g.get("sign_in")
    if sign_in is None or not request.endpoint or g.now - sign_in.last_seen_at < SEEN_EVERY:
        return response
    if not getattr(current_app.view_functions.get(request.endpoint), "is_polled", False):
        accounts.note_seen(sign_in.id, now=g.now)
    return response


def _headers(response: Response) -> Response:
    headers = response.headers
    for name, value in standard_headers(current_app):
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint not in OWN_CACHING:
        headers["Cache-Control"] = "no-store"
    return response


def standard_headers(app: Flask) -> tuple[tuple[str, str], ...]:
    """Return the headers of every answer, whatever else it says."""
    return _STANDARD_HEADERS + (_ONLY_ENCRYPTED if app.config["SESSION_COOKIE_SECURE"] else ())


def _end(error: BaseException | None) -> None:  # noqa: ARG001 - the error has been answered
    if "intent" in g:
        transactions.withdraw_intent(g.pop("intent"))

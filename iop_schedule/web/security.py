"""Who is asking and may they: sign-in, permissions by endpoint, the response headers."""

import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from iop_schedule import clock
from iop_schedule.actions import audit
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import NotAllowed, NotFound
from iop_schedule.models.base import write_intent
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import AuditKind

View = TypeVar("View", bound=Callable[..., Any])

#: Endpoints that need no sign-in; a test compares this list with the reviewed table.
PUBLIC = frozenset({"static", "security.login", "health.live", "health.ready", "home.robots"})
#: Endpoints every signed-in person may use.
SIGNED_IN = frozenset({"security.logout", "home.index"})

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

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


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare, above a view's name, the permission its role must hold."""

    def declare(view: View) -> View:
        view.required_permission = permission  # type: ignore[attr-defined]
        return view

    return declare


def actor() -> Actor:
    """Return who is acting in this request; only called where sign-in is required."""
    if "actor" not in g:
        g.actor = actor_for(current_user)
    found: Actor = g.actor
    return found


def viewed(kind: AuditKind, **what: Any) -> None:
    """Note that this page shows protected records; one audit row is written before it is sent."""
    g.viewed = (kind, what)


def init_security(app: Flask) -> None:
    """Put the guards around every request."""
    app.before_request(_begin)
    app.before_request(_guard)
    app.after_request(_write_view)
    app.after_request(_headers)


def _begin() -> None:
    g.now = clock.now()
    g.reference = secrets.token_hex(4)
    # SQLite must know at BEGIN whether a transaction will write.
    write_intent.set(request.method not in SAFE_METHODS)


def _guard() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if endpoint is None or endpoint in PUBLIC:
        return None
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined, no-any-return]
    if endpoint in SIGNED_IN:
        return None
    permission = getattr(current_app.view_functions[endpoint], "required_permission", None)
    if permission is None:
        raise NotFound  # an endpoint nobody declared is closed
    if not holds(actor().role, permission):
        g.viewed = (AuditKind.ACCESS_DENIED, {"details": {"endpoint": endpoint}})
        raise NotAllowed
    return None


def _write_view(response: Any) -> Any:
    noted = g.pop("viewed", None)
    if noted is None:
        return response
    kind, what = noted
    audit.record_alone(kind, actor=actor(), now=g.now, reference=g.reference, **what)
    return response


def _headers(response: Any) -> Any:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
    headers.setdefault("X-Robots-Tag", "noindex, nofollow")
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    return response

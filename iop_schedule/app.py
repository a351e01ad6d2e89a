"""The one place where the parts are put together."""

import os
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from flask_security import Security, SQLAlchemyUserDatastore
from flask_wtf.csrf import CSRFProtect
from pysqlite3 import dbapi2 as sqlite

from iop_schedule import cli
from iop_schedule.adapters.assets import build_assets, serve_assets
from iop_schedule.config import Settings
from iop_schedule.models import RoleRow, User, db
from iop_schedule.web.answers import init_answers
from iop_schedule.web.blueprints import register_blueprints
from iop_schedule.web.errors import init_errors
from iop_schedule.web.feeds import init_feeds
from iop_schedule.web.navigation import init_navigation
from iop_schedule.web.presenting import init_presenting
from iop_schedule.web.report_files import init_charts
from iop_schedule.web.request_log import init_request_log
from iop_schedule.web.security import init_security, load_user
from iop_schedule.web.support_links import init_support_links

PACKAGE = Path(__file__).parent
#: The largest request; views that take files say how much more they take, see `security.takes`.
MOST_BYTES = 1024 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application for `settings`, by default those in the environment.

    Nothing starts to run on its own here: the scheduler belongs to `run-jobs` and to `make run`.

    Raises:
        BadSetting: a setting cannot be used.
    """
    settings = settings or Settings.from_env(os.environ, instance=_instance())
    app = Flask("iop_schedule", instance_path=str(settings.instance.resolve()), static_folder=None)
    app.config.update(_config(settings))
    app.extensions["settings"] = settings
    db.init_app(app)
    Migrate(app, db, directory=str(PACKAGE / "migrations"), compare_type=True, render_as_batch=True)
    CSRFProtect(app)
    manifest = build_assets(settings.assets_folder)
    init_presenting(app, product_name=settings.product_name, manifest=manifest)
    app.wsgi_app = serve_assets(app.wsgi_app, settings.assets_folder)  # type: ignore[method-assign]
    init_feeds(app)
    init_support_links(app)
    init_answers(app)
    init_security(app)
    _init_sign_in(app)
    init_errors(app)
    init_navigation(app)
    init_charts(app)
    init_request_log(app)
    register_blueprints(app)
    cli.register(app)
    return app


def _init_sign_in(app: Flask) -> None:
    """Use the library's hashing and cookies, but none of its pages, and nobody without an open session."""
    Security(app, SQLAlchemyUserDatastore(db, User, RoleRow), register_blueprint=False)
    manager: Any = app.login_manager  # type: ignore[attr-defined]
    manager.user_loader(load_user)
    manager.request_loader(None)  # no sign-in by a token in the address or a header


def _instance() -> Path:
    """Return the folder for data and secrets: INSTANCE_PATH, else `instance` beside the package."""
    return Path(os.environ.get("INSTANCE_PATH") or PACKAGE.parent / "instance")


def _config(settings: Settings) -> dict[str, Any]:
    return {
        "TESTING": settings.testing,
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": MOST_BYTES,
        "MAX_FORM_MEMORY_SIZE": 4 * 1024 * 1024,
        "MAX_FORM_PARTS": 5000,
        "SESSION_COOKIE_NAME": "__Host-session" if settings.secure_cookies else "session",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": None,  # a form is as old as its session
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings.database_url),
        "SECURITY_PASSWORD_SALT": settings.password_salt,
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
        "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
            "argon2__memory_cost": settings.password_memory_kib,
            "argon2__time_cost": settings.password_passes,
            "argon2__parallelism": 1,
        },
        "SECURITY_REGISTERABLE": False,
        "SECURITY_CLI_USERS_NAME": None,  # accounts are made by commands that write the audit trail
        "SECURITY_CLI_ROLES_NAME": None,
        "SECURITY_TRACKABLE": False,
        "SECURITY_DEFAULT_REMEMBER_ME": False,
        "SECURITY_EMAIL_SENDER": settings.mail_from,
        "SECURITY_CSRF_COOKIE_NAME": None,
    }


def _engine_options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        # The interpreter's own SQLite may carry the WAL-reset bug (fixed in 3.51.3): bring a newer one.
        return {"module": sqlite, "pool_pre_ping": False}
    limits = "-c statement_timeout=15s -c lock_timeout=3s -c idle_in_transaction_session_timeout=30s"
    return {
        "pool_pre_ping": True,
        "pool_timeout": 5,
        # A server that vanished without a word is given up after five seconds, connected or connecting.
        "connect_args": {
            "options": f"{limits} -c timezone=UTC",
            "connect_timeout": 5,
            "tcp_user_timeout": 5000,
        },
    }

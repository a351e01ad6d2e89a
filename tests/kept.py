"""An application and its database, kept from test to test: making them is most of what a small test costs.

Each test gets both as they were made. What a test did to the application is taken back, or the application
is thrown away; every row is taken out of the database, and a cast that many tests start with put in.
"""

import shutil
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from flask import Flask
from sqlalchemy import Engine, event, inspect
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from iop_schedule.models import db
from iop_schedule.models.base import Base
from iop_schedule.web.answers import init_answers
from iop_schedule.web.feeds import FAILURES, READINGS, Limits
from iop_schedule.web.rate_limits import RateLimit
from iop_schedule.web.support_links import init_support_links
from tests.postgresql import PostgreSQL

PATIENCE_SECONDS = 300


class Database(Protocol):
    """What is behind one address."""

    url: str
    #: Whether connections go on from test to test.
    keeps_connections: bool

    def empty(self) -> None:
        """Leave the tables the migrations make, without rows."""

    def save(self) -> Any:
        """Return what is in it now."""

    def load(self, saved: Any) -> None:
        """Put what was saved into the empty database."""


class SqliteDatabase:
    """A file, always the copy of another; each time a new one, so that nobody writes into it by mistake."""

    keeps_connections = False

    def __init__(self, template: Path, folder: Path) -> None:
        self._template, self._file = template, folder / "iop.db"
        self.url = f"sqlite:///{self._file}"

    def empty(self) -> None:
        self.load(self._template)

    def save(self) -> Path:
        saved = self._file.with_name(f"saved-{len(list(self._file.parent.iterdir()))}.db")
        with db.engine.connect() as connection:
            connection.connection.driver_connection.execute(f"VACUUM INTO '{saved}'")  # type: ignore[union-attr]
        return saved

    def load(self, saved: Path) -> None:
        for name in ("iop.db", "iop.db-wal", "iop.db-shm"):
            self._file.with_name(name).unlink(missing_ok=True)
        shutil.copyfile(saved, self._file)


class PostgresqlDatabase:
    """A database of our server; its tables stay, and so do the connections to it."""

    keeps_connections = True

    def __init__(self, server: PostgreSQL, name: str) -> None:
        self._server, self._name = server, name
        self.url = f"postgresql+psycopg://iop@127.0.0.1:{server.port}/{name}"

    def empty(self) -> None:
        self._server.empty(self._name)

    def save(self) -> str:
        return self._server.saved(self._name)

    def load(self, saved: str) -> None:
        self._server.load(self._name, saved)


class KeptApp:
    """The application on one database, handed to one test after another."""

    def __init__(self, database: Database, make: Callable[[str], Flask]) -> None:
        self.database = database
        self._make = make
        self._app: Flask | None = None
        #: The populations in the database, in their order; None once a test has written something itself.
        self._holds: tuple[str, ...] | None = ()
        self._populations: dict[tuple[str, ...], tuple[Callable[[], Any], Any]] = {}

    def as_made(self, instance: Path) -> Flask:
        """Return the application as it was made; its files go to `instance`."""
        if self._app is not None and _hooks(self._app) != self._hooks:
            self.close()
        if self._app is None:
            self._app = self._make(self.database.url)
            self._hooks = _hooks(self._app)
            self._parts = [dict(part) for part in _parts(self._app)]
            with self._app.app_context():
                event.listen(db.engine, "begin", self._touch)
                _be_patient(db.engine)
                _read_backwards(db.engine)
        for part, as_made in zip(_parts(self._app), self._parts, strict=True):
            part.clear()
            part.update(as_made)
        extensions = self._app.extensions
        extensions["settings"] = replace(extensions["settings"], instance=instance)
        extensions["calendar-limits"] = Limits(RateLimit(*FAILURES), RateLimit(*READINGS))
        init_support_links(self._app)
        init_answers(self._app)
        self._app.instance_path = str(instance)
        self._app._got_first_request = False
        self._holds = ()
        return self._app

    def populated(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what `make` adds to the database and returns: rows, or dataclasses and tuples of them.

        Made only once for what was populated before it; after that what it added is put in again. A test that
        has looked at the database, or written into it, gets it made around that.
        """
        if self._holds is None:
            return _committed(make)
        holds, before = (*self._holds, name), self._holds
        if holds not in self._populations:
            made = _committed(make)
            self._populations[holds] = (_remembered(made), self.database.save())
            self._holds = holds
            return made
        found, saved = self._populations[holds]
        if before:
            self.database.empty()
        self.database.load(saved)
        self._holds = holds
        return found()

    def after_a_test(self) -> None:
        """Let go of what the test held; called inside the application's context."""
        db.session.remove()
        if not self.database.keeps_connections:
            db.engine.dispose()

    def close(self) -> None:
        """Close all connections and forget the application."""
        if self._app is not None:
            with self._app.app_context():
                db.engine.dispose()
        self._app = None

    def _touch(self, *_: object) -> None:
        self._holds = None


def _be_patient(engine: Engine) -> None:
    """Let whoever waits for another wait as long as a very slow machine takes; none of our tests is about that."""
    engine.pool._timeout = PATIENCE_SECONDS  # type: ignore[attr-defined]

    def connected(connection: Any, record: object) -> None:
        if engine.dialect.name == "sqlite":
            connection.execute(f"PRAGMA busy_timeout={PATIENCE_SECONDS * 1000}")
            return
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"SET {name} = '{PATIENCE_SECONDS}s'")
        connection.commit()

    event.listen(engine, "connect", connected)


def _read_backwards(engine: Engine) -> None:
    """Let SQLite answer what names no order the other way round, so that neither page nor test leans on it.

    It is still one order of many: rows that are equal in what they are ordered by come as they always did.
    """

    def connected(connection: Any, record: object) -> None:
        if engine.dialect.name == "sqlite":
            connection.execute("PRAGMA reverse_unordered_selects = ON")

    event.listen(engine, "connect", connected)


def _parts(app: Flask) -> list[dict[Any, Any]]:
    """Return what tests change of an application and what can be put back."""
    return [app.config, app.extensions, app.view_functions, app.jinja_env.globals]


def _hooks(app: Flask) -> object:
    """Return what a test may have added that cannot be taken back; equal while nothing was."""
    handlers = [
        (where, code, [*found.values()])
        for where, by_code in app.error_handler_spec.items()
        for code, found in by_code.items()
    ]
    hooks = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    return (
        len(list(app.url_map.iter_rules())),
        app.wsgi_app,
        [{where: list(found) for where, found in each.items() if found} for each in hooks],
        [each for each in handlers if each[2]],
    )


def _committed(make: Callable[[], Any]) -> Any:
    made = make()
    db.session.commit()
    return made


def _remembered(value: Any) -> Callable[[], Any]:
    """Return a function that brings `value` back from a database that holds its rows again."""
    if isinstance(value, Base):
        kind, key = type(value), inspect(value).identity
        return lambda: _row(kind, key)
    if isinstance(value, tuple):
        parts = [_remembered(part) for part in value]
        return lambda: tuple(part() for part in parts)
    if is_dataclass(value) and not isinstance(value, type):
        kind, named = type(value), {f.name: _remembered(getattr(value, f.name)) for f in fields(value)}
        return lambda: kind(**{name: part() for name, part in named.items()})
    return lambda: value


def _row(kind: type, key: tuple[Any, ...]) -> Any:
    """Return a row the session knows of but has not read, as all rows are after a commit."""
    mapper = inspect(kind)
    known = db.session.identity_map.get(mapper.identity_key_from_primary_key(key))
    if known is not None:
        return known
    row = mapper.class_manager.new_instance()
    for column, value in zip(mapper.primary_key, key, strict=True):
        set_committed_value(row, mapper.get_property_by_column(column).key, value)
    make_transient_to_detached(row)
    db.session.add(row)
    return row

"""What every test stands on: both databases from migrations, the cast, a browser-less client called `http`."""

import gc
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from flask_migrate import upgrade
from flask_security.utils import login_user
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import select, text

from iop_schedule import clock
from iop_schedule.actions import accounts, audit
from iop_schedule.app import create_app
from iop_schedule.config import Settings
from iop_schedule.models import User, db
from iop_schedule.models.base import write_intent
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.security import begin_session
from tests.cast import Cast, make_cast
from tests.factories import PASSWORD
from tests.kept import KeptApp, PostgresqlDatabase, SqliteDatabase
from tests.postgresql import PostgreSQL, quick_folder, start_postgresql
from tests.world import World, make_world

hypothesis_settings.register_profile(
    "suite",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # a slow machine is no reason to fail
)
hypothesis_settings.load_profile("suite")

#: The moment most tests happen at: Wednesday 2026-03-04, 10:00 in New York.
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


def _folder(name: str) -> Path:
    """Return a folder that outlives the run, closed to other users of the machine."""
    folder = Path(tempfile.gettempdir()) / f"{name}-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


#: Built once for all tests; building again finds nothing to do.
ASSETS = _folder("iop-test-assets") / "assets"

#: Templates are compiled once for all applications of all runs.
TEMPLATES = FileSystemBytecodeCache(str(_folder("iop-test-templates")))


def pytest_collection_finish() -> None:
    """Never look again at what was imported and collected when garbage is collected, and look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


_real_connect = socket.socket.connect


@pytest.fixture(autouse=True, scope="session")
def _only_loopback() -> Iterator[None]:
    """Refuse every connection that leaves this machine."""

    def connect(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if host is not None and host not in {"127.0.0.1", "::1", "localhost"}:
            message = f"a test tried to reach {host}"
            raise AssertionError(message)
        _real_connect(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]
    yield
    socket.socket.connect = _real_connect  # type: ignore[method-assign]


def make_settings(instance: Path, database_url: str) -> Settings:
    """Return settings for a test application."""
    return Settings(
        instance=instance,
        database_url=database_url,
        secret_key="test-secret-key-that-is-long-enough-0123",
        password_salt="test-salt-that-is-long-enough-0123456789",
        secure_cookies=False,
        password_memory_kib=64,
        password_passes=1,
        testing=True,
        assets=ASSETS,
    )


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL of our own, on a free port, stopped at the end."""
    with start_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file brought up by the migrations, copied for each test that needs a database."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app(make_settings(folder, f"sqlite:///{folder / 'iop.db'}"))
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()
    return folder / "iop.db"


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PostgreSQL database brought up by the migrations, used as a template."""
    url = postgresql.create("template_iop")
    app = create_app(make_settings(tmp_path_factory.mktemp("pg"), url))
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()
    return "template_iop"


def make_app(folder: Path, url: str) -> Flask:
    """Return an application that finds its templates compiled."""
    app = create_app(make_settings(folder, url))
    app.jinja_env.bytecode_cache = TEMPLATES
    return app


@pytest.fixture(scope="session")
def kept_sqlite(sqlite_template: Path) -> Iterator[KeptApp]:
    """The application on SQLite."""
    with tempfile.TemporaryDirectory(prefix="iop-sqlite-", dir=quick_folder()) as folder:
        kept = KeptApp(SqliteDatabase(sqlite_template, Path(folder)), partial(make_app, Path(folder)))
        yield kept
        kept.close()


@pytest.fixture(scope="session")
def kept_postgresql(
    postgresql: PostgreSQL, postgresql_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KeptApp]:
    """The application on PostgreSQL."""
    postgresql.create("shared_iop", template=postgresql_template)
    kept = KeptApp(
        PostgresqlDatabase(postgresql, "shared_iop"), partial(make_app, tmp_path_factory.mktemp("pg"))
    )
    yield kept
    kept.close()


@pytest.fixture
def own_postgresql(postgresql: PostgreSQL, postgresql_template: str, tmp_path: Path) -> Iterator[KeptApp]:
    """The application on a PostgreSQL database that no other test uses."""
    name = postgresql.free_name()
    postgresql.create(name, template=postgresql_template)
    kept = KeptApp(PostgresqlDatabase(postgresql, name), partial(make_app, tmp_path))
    yield kept
    kept.close()
    postgresql.drop(name)


_KEPT = pytest.StashKey[KeptApp]()

#: For what is settled without asking a table, or by questions that tests of `queries` and `actions` ask on both.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each test that asks for `app` runs on both databases; here is the address, nothing in the tables."""
    own = request.param == "postgresql" and request.node.get_closest_marker("own_database")
    kept: KeptApp = request.getfixturevalue("own_postgresql" if own else f"kept_{request.param}")
    request.node.stash[_KEPT] = kept
    kept.database.empty()
    return kept.database.url


@pytest.fixture
def kept_app(request: pytest.FixtureRequest, database_url: str) -> KeptApp:
    """What goes from test to test on this database."""
    return request.node.stash[_KEPT]


@pytest.fixture
def app(kept_app: KeptApp, tmp_path: Path) -> Iterator[Flask]:
    """The application on an empty, migrated database, with the clock standing at `NOW`."""
    app = kept_app.as_made(tmp_path)
    clock.freeze(NOW)
    with app.app_context():
        token = write_intent.set(True)
        yield app
        write_intent.reset(token)
        kept_app.after_a_test()
    clock.freeze(None)


@pytest.fixture
def cast(request: pytest.FixtureRequest, app: Flask, kept_app: KeptApp) -> Cast:
    """The same people everywhere; see tests/cast.py."""
    if "world" in request.fixturenames:
        return request.getfixturevalue("world").cast  # type: ignore[no-any-return]
    return kept_app.populated("cast", lambda: make_cast(now=NOW))  # type: ignore[no-any-return]


@pytest.fixture
def world(app: Flask, kept_app: KeptApp) -> World:
    """The cast, with one of everything that has an address; see tests/world.py."""
    return kept_app.populated("world", lambda: make_world(make_cast(now=NOW)))  # type: ignore[no-any-return]


class Http(FlaskClient):
    """The browser-less client, able to sign in as someone."""

    def sign_in(self, email: str) -> "Http":
        """Begin a session as the form does once the password is right, and return the client.

        The form, the password and the counting of tries have tests of their own: tests/web/test_sign_in.py.
        """
        with self.application.test_request_context(environ_base=self.environ_base):
            _begin_session(email)
            begun = dict(session)
        with self.session_transaction() as kept:
            kept.clear()
            kept.update(begun)
        return self

    def sign_in_by_form(self, email: str, password: str = PASSWORD) -> "Http":
        """Sign in through the form, as a person would, and return the client."""
        page = self.get("/sign-in")
        token = csrf_token(page.text)
        answer = self.post("/sign-in", data={"email": email, "password": password, "csrf_token": token})
        assert answer.status_code == 302, answer.text
        return self

    def submit(
        self, path: str, data: dict[str, object] | None = None, *, page: str | None = None, **more: object
    ):  # type: ignore[no-untyped-def]
        """Post a form the way a browser does: with the token of the page it stands on."""
        token = csrf_token(self.get(page or path).text)
        return self.post(path, data={**(data or {}), "csrf_token": token}, **more)  # type: ignore[arg-type]


def _begin_session(email: str) -> None:
    """Do what is left to do for somebody whose password is right."""
    db.session.rollback()
    user = db.session.scalars(select(User).where(User.email == email, User.active)).unique().one()
    begin_session(accounts._begin_session(user, now=clock.now()))
    audit.record(AuditKind.SIGNED_IN, actor=actor_for(user), now=clock.now(), subject=("user", user.id))
    login_user(user, remember=False)
    db.session.commit()


def csrf_token(html: str) -> str:
    """Return the token in the first form of a page."""
    marker = 'name="csrf_token"'
    at = html.index(marker)
    tag = html[html.rindex("<", 0, at) : html.index(">", at)]
    return tag.split('value="', 1)[1].split('"', 1)[0]


def bare(body: str) -> str:
    """Return a page without what differs from request to request: reference number and form token."""
    body = re.sub(r'(Reference number <b class="num">|"reference":")[0-9a-f]{8}', r"\1", body)
    body = re.sub(r'(name="csrf_token"[^>]*value=)"[^"]*"', r'\1""', body)
    return re.sub(r'("X-CSRFToken": )"[^"]*"', r'\1""', body)


@pytest.fixture
def http(app: Flask) -> Http:
    """A client nobody has signed in with yet."""
    app.test_client_class = Http
    client = app.test_client()
    assert isinstance(client, Http)
    return client


@pytest.fixture
def new_http(app: Flask):  # type: ignore[no-untyped-def]
    """A maker of further clients, for tests with two browsers."""
    app.test_client_class = Http
    return app.test_client


def row_counts() -> dict[str, int]:
    """Return how many rows each table holds, for "nothing changed" tests."""
    return {
        table.name: db.session.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar_one()
        for table in db.metadata.sorted_tables
    }

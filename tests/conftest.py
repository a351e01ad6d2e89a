"""What every test stands on: both databases from migrations, the cast, a browser-less client called `http`."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine, text
from werkzeug.routing import Rule

from iop_schedule import clock
from iop_schedule.app import create_app
from iop_schedule.config import Settings
from iop_schedule.models import db
from iop_schedule.models.base import write_intent
from tests.cast import Cast, make_cast
from tests.postgresql import PostgreSQL, quick_folder, start_postgresql

hypothesis_settings.register_profile("suite", derandomize=True, deadline=None, database=None)
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

#: Each test has an application of its own; templates are compiled once for all of them.
TEMPLATES = FileSystemBytecodeCache(str(_folder("iop-test-templates")))

_builders: dict[tuple[object, ...], Any] = {}
_compile_builder = Rule._compile_builder


def _compile_once(self: Rule, append_unknown: bool = True) -> Any:
    """Compile the same route once for all applications of the run; it is most of what making one costs."""
    defaults = tuple(sorted((self.defaults or {}).items()))
    key = (self.rule, tuple(self._trace), defaults, append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(self, append_unknown)
    return _builders[key]


Rule._compile_builder = _compile_once  # type: ignore[method-assign]

_dialects: dict[str, tuple[Any, Any]] = {}


def _share_compiled_statements(engine: Engine) -> None:
    """Let the engines of all applications of the run share what SQLAlchemy compiled: it is kept per dialect."""
    engine.connect().close()  # A dialect learns about its server with the first connection.
    engine.dialect, engine._compiled_cache = _dialects.setdefault(
        engine.dialect.name, (engine.dialect, engine._compiled_cache)
    )


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
    postgresql.create("shared_iop", template="template_iop")
    return "template_iop"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each test that asks for `app` runs on both databases."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        with tempfile.TemporaryDirectory(prefix="iop-sqlite-", dir=quick_folder()) as folder:
            shutil.copy(template, Path(folder) / "iop.db")
            yield f"sqlite:///{folder}/iop.db"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    template = request.getfixturevalue("postgresql_template")
    if request.node.get_closest_marker("own_database"):
        name = server.free_name()
        yield server.create(name, template=template)
        server.drop(name)
        return
    server.empty("shared_iop")
    yield f"postgresql+psycopg://iop@127.0.0.1:{server.port}/shared_iop"


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on an empty, migrated database, with the clock standing at `NOW`."""
    app = create_app(make_settings(tmp_path, database_url))
    app.jinja_env.bytecode_cache = TEMPLATES
    clock.freeze(NOW)
    with app.app_context():
        _share_compiled_statements(db.engine)
        token = write_intent.set(True)
        yield app
        write_intent.reset(token)
        db.session.remove()
        db.engine.dispose()
    clock.freeze(None)


@pytest.fixture
def cast(app: Flask) -> Cast:
    """The same people everywhere; see tests/cast.py."""
    made = make_cast(now=NOW)
    db.session.commit()
    return made


class Http(FlaskClient):
    """The browser-less client, able to sign in as someone."""

    def sign_in(self, email: str, password: str = "correct horse battery") -> "Http":
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


def csrf_token(html: str) -> str:
    """Return the token in the first form of a page."""
    marker = 'name="csrf_token"'
    at = html.index(marker)
    tag = html[html.rindex("<", 0, at) : html.index(">", at)]
    return tag.split('value="', 1)[1].split('"', 1)[0]


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

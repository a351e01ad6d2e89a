"""A PostgreSQL for the tests, started from the installed package on a free port of the loopback."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from tests.ports import free_port


class PostgreSQL:
    """A running server: makes and drops databases."""

    def __init__(self, port: int, command: list[str], log: Path) -> None:
        self.port = port
        self._command, self._log = command, log
        self._numbers = count(1)
        self._rows: dict[str, _Rows] = {}

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._log.parent)
        for _ in range(2400):
            try:
                self._connect("postgres").close()
            except psycopg.OperationalError:
                if self._server.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                return
        message = f"PostgreSQL did not start: {self._log.read_text(errors='replace')[-800:]}"
        raise RuntimeError(message)

    def stop(self) -> None:
        """Stop the server in order, closing what was kept open between tests."""
        for rows in self._rows.values():
            rows.connection.close()
        self._server.terminate()
        self._server.wait(timeout=300)

    def crash(self) -> None:
        """Stop the server at once, as `pg_ctl stop -m immediate` does: nothing is finished or written."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(timeout=300)

    def free_name(self) -> str:
        """Return a database name not used yet."""
        return f"iop_{os.getpid()}_{next(self._numbers)}"

    def create(self, name: str, *, template: str = "template0") -> str:
        """Create a database and return its address."""
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"postgresql+psycopg://iop@127.0.0.1:{self.port}/{name}"

    def empty(self, name: str) -> None:
        """Take every row out of a database; far quicker than making a new one.

        Only tables with rows are touched: emptying all of them makes new files for each, before every test.
        """
        self._rows_of(name).delete()

    def saved(self, name: str) -> str:
        """Return the statements that put all rows of a database into it again once it is empty."""
        return self._rows_of(name).statements()

    def load(self, name: str, statements: str) -> None:
        """Put the rows that were saved into an empty database, asking no trigger."""
        self._rows_of(name).connection.execute(statements)  # type: ignore[arg-type]

    def _rows_of(self, name: str) -> "_Rows":
        kept = self._rows.get(name)
        if kept is None or not kept.is_alive():
            self._rows[name] = kept = _Rows(self._connect(name))
        return kept

    def drop(self, name: str) -> None:
        """Drop a database, ending what is still connected to it."""
        self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with self._connect("postgres") as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def _connect(self, name: str) -> "psycopg.Connection[Any]":
        return psycopg.connect(host="127.0.0.1", port=self.port, user="iop", dbname=name, autocommit=True)


class _Rows:
    """A kept connection that takes all rows out of the tables of one database, and puts them in."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self.connection = connection
        # Append-only tables refuse even this, except to a superuser who asks as a replica.
        connection.execute("SET session_replication_role = replica")
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchall()
        self._which_have_rows = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for (table,) in tables
        )

    def is_alive(self) -> bool:
        """Return False when a test has cut all connections, this one too."""
        try:
            self.connection.execute("SELECT")
        except psycopg.OperationalError:
            self.connection.close()
            return False
        return True

    def delete(self) -> None:
        for table in self._used_tables():
            self.connection.execute(f'DELETE FROM "{table}"')  # type: ignore[arg-type]
        self.connection.execute(
            "SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences"
            " WHERE schemaname = 'public' AND last_value IS NOT NULL",
            prepare=True,
        )

    def statements(self) -> str:
        written = []
        with psycopg.ClientCursor(self.connection) as cursor:
            for table in self._used_tables():
                rows = cursor.execute(f'SELECT * FROM "{table}"').fetchall()  # type: ignore[arg-type]
                each = f"({', '.join(['%s'] * len(rows[0]))})"
                written += [
                    f'INSERT INTO "{table}" VALUES ' + ", ".join(cursor.mogrify(each, row) for row in rows)
                ]
            last = cursor.execute(
                "SELECT sequencename, last_value FROM pg_sequences"
                " WHERE schemaname = 'public' AND last_value IS NOT NULL"
            ).fetchall()
        return "; ".join(written + [f"SELECT setval('\"{name}\"', {value})" for name, value in last])

    def _used_tables(self) -> list[str]:
        return [table for (table,) in self.connection.execute(self._which_have_rows, prepare=True)]


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    message = "PostgreSQL is not installed; run: apt-get install postgresql"
    raise RuntimeError(message)


def quick_folder() -> str | None:
    """Return a folder in memory where there is room for one: tests wait for disks more than for anything.

    None where there is none; `tempfile` then chooses.
    """
    memory = Path("/dev/shm")
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 1024**3
    return str(memory) if has_room and os.access(memory, os.W_OK) else None


#: A test's database need not survive the machine it runs on.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def start_postgresql(options: Mapping[str, str] = QUICK) -> Iterator[PostgreSQL]:
    """Run a server for the block, its data in a folder that goes away with it.

    The folder is not pytest's own: that one is closed to everyone but its owner, and PostgreSQL refuses
    to run as root, so root hands it to the user `postgres`.
    """
    with TemporaryDirectory(prefix="iop-postgresql-", dir=quick_folder(), ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        server = PostgreSQL(port, _command_for(folder, port, options), folder / "log")
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _command_for(folder: Path, port: int, options: Mapping[str, str]) -> list[str]:
    """Make the files of a new server in `folder`; return what starts it."""
    binaries, data = _binaries(), folder / "data"
    as_other: list[str] = []
    if os.geteuid() == 0:
        folder.chmod(0o755)
        shutil.chown(folder, "postgres", "postgres")
        as_other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    subprocess.run(
        [*as_other, str(binaries / "initdb"), "-D", str(data), "-U", "iop", "-A", "trust", "-E", "UTF8",
         "--locale=C.UTF-8", "--no-sync"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    chosen = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 120,
        "shared_buffers": "64MB", **options,
    }  # fmt: skip
    arguments = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    return [*as_other, str(binaries / "postgres"), "-D", str(data), *arguments]

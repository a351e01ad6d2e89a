"""The declarative base, the column types every table uses, and how both databases are opened."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    Text,
    TypeDecorator,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table derives from this class, never from `db.Model`, so that strict typing holds."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Refuses naive values going in, and hands out aware UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return `value` in UTC; a naive one raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"a naive datetime cannot be stored: {value!r}"
            raise ValueError(message)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return what was stored, aware and in UTC (SQLite keeps no zone)."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """A small JSON value, kept as text so that both databases hold the same bytes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return `value` as compact JSON."""
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Return the value that was stored."""
        return None if value is None else json.loads(value)


Instant = Annotated[datetime, mapped_column(UtcDateTime)]
Id = Annotated[int, mapped_column(primary_key=True)]
#: A code from the clinic's own spreadsheets; how imported rows name each other.
Code = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(200))]
Note = Annotated[str, mapped_column(Text, default="")]
Json = Annotated[Any, mapped_column(JsonText)]
Word = Annotated[str, mapped_column(String(40))]


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """Return the CHECK that keeps `column` to the values of `words`."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def treatment_day(column: str) -> tuple[CheckConstraint, CheckConstraint]:
    """Return the CHECK, for each database, that the date in `column` is a Monday to Friday."""
    return (
        CheckConstraint(f"EXTRACT(ISODOW FROM {column}) < 6", name=f"{column}_is_weekday").ddl_if(
            "postgresql"
        ),
        CheckConstraint(f"strftime('%w', {column}) NOT IN ('0', '6')", name=f"{column}_is_weekday").ddl_if(
            "sqlite"
        ),
    )


#: True while the current request, command or tick may write. SQLite needs to know when a transaction
#: begins: one that reads first and writes later silently loses updates or fails as locked.
write_intent: ContextVar[bool] = ContextVar("write_intent", default=True)


class WriteWhileReading(RuntimeError):
    """A write was tried in a request that had declared it would only read."""


@contextmanager
def write_transaction() -> Iterator[Session]:
    """End any read transaction and run the block in one that may write, committed at the end."""
    db.session.rollback()
    token = write_intent.set(True)
    try:
        yield db.session()
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        write_intent.reset(token)


@event.listens_for(Session, "before_flush")
def _refuse_writes_while_reading(session: Session, *_: object) -> None:
    if not write_intent.get() and (session.new or session.dirty or session.deleted):
        message = "a request with a safe method tried to write"
        raise WriteWhileReading(message)


@contextmanager
def read_transaction() -> Iterator[Session]:
    """Run the block in a transaction that only reads, so that on SQLite it keeps nobody from writing."""
    db.session.rollback()
    token = write_intent.set(False)
    try:
        yield db.session()
    finally:
        db.session.rollback()
        write_intent.reset(token)


_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # NORMAL may roll back acknowledged commits after a power loss
    "foreign_keys=ON",
    "recursive_triggers=ON",  # else INSERT OR REPLACE rewrites an audit row past its trigger
    "busy_timeout=5000",
    "trusted_schema=OFF",
    "cell_size_check=ON",
)


@event.listens_for(Engine, "connect")
def _open_sqlite(dbapi_connection: Any, record: Any) -> None:  # noqa: ARG001
    if "sqlite" not in type(dbapi_connection).__module__:
        return
    dbapi_connection.isolation_level = None  # BEGIN is ours, see below
    for pragma in _SQLITE_PRAGMAS:
        dbapi_connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write_intent.get() else "BEGIN")

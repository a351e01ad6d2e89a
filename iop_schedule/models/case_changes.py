"""The triggers that note which clients an event concerns, whoever changes a table and however.

A snapshot of a client is derived from many tables. Each trigger below adds one row to `case_change` in the
transaction of the change; writers never wait for each other, because rows are only added. Migrations drop
the triggers before they touch a table and make them again at the end, so a rebuilt table keeps its own.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, inspect, text


class Watched(NamedTuple):
    """One table: which clients a row of it concerns, and which changes matter."""

    table: str
    #: SELECT of client ids; {row} is the row that changed.
    clients: str
    verbs: tuple[str, ...] = ("INSERT", "UPDATE", "DELETE")
    #: For UPDATE: only these columns; all when empty.
    columns: tuple[str, ...] = ()


_OWN = "SELECT {row}.client_id"
_OF_ENROLLMENT = "SELECT client_id FROM enrollment WHERE id = {row}.enrollment_id"
_OF_PROGRAM = "SELECT DISTINCT client_id FROM enrollment WHERE program_id = {row}.%s"

WATCHED = (
    Watched("attendance_record", "SELECT client_id FROM roster_entry WHERE id = {row}.roster_entry_id"),
    Watched("roster_entry", _OWN),
    Watched("occurrence", "SELECT client_id FROM roster_entry WHERE occurrence_id = {row}.id", ("UPDATE",)),
    Watched("enrollment", _OWN),
    Watched("enrollment_pause", _OF_ENROLLMENT),
    Watched("prescribed_dose", _OF_ENROLLMENT),
    Watched("closure", "SELECT id FROM client WHERE site_id = {row}.site_id"),
    Watched("client_constraint", _OWN),
    Watched(
        "client_constraint_exception",
        "SELECT client_id FROM client_constraint WHERE id = {row}.constraint_id",
    ),
    Watched("series_member", _OWN),
    Watched("make_up", "SELECT client_id FROM roster_entry WHERE id = {row}.entry_id"),
    Watched("outreach_attempt", _OWN),
    Watched("self_report", _OWN),
    Watched("monitor_version", _OF_PROGRAM % "program_id", ("INSERT",)),
    Watched("program", _OF_PROGRAM % "id", ("UPDATE",), ("name", "minimum_minutes", "silent_until")),
    Watched("client", "SELECT {row}.id", ("UPDATE",), ("site_id", "travel_minutes")),
    Watched("site", "SELECT id FROM client WHERE site_id = {row}.id", ("UPDATE",), ("zone",)),
    Watched(
        "care_group",
        "SELECT DISTINCT series_member.client_id FROM series_member"
        " JOIN series ON series.id = series_member.series_id"
        " WHERE series.group_id = {row}.id",
        ("UPDATE",),
        ("name",),
    ),
    Watched(
        "series",
        "SELECT DISTINCT roster_entry.client_id FROM roster_entry"
        " JOIN occurrence ON occurrence.id = occurrence_id"
        " WHERE occurrence.series_id = {row}.id"
        " UNION SELECT client_id FROM series_member WHERE series_id = {row}.id",
        ("UPDATE",),
        ("modality", "group_id", "until_day", "service_type"),
    ),
)


def make_triggers(connection: Connection) -> None:
    """Make every trigger whose table there is; none while there is nowhere to note a change."""
    tables = set(inspect(connection).get_table_names())
    if "case_change" not in tables:
        return
    for watched in WATCHED:
        if watched.table in tables:
            for statement in _made(watched, connection.dialect.name):
                connection.execute(text(statement))


def drop_triggers(connection: Connection) -> None:
    """Drop every trigger there is."""
    sqlite = connection.dialect.name == "sqlite"
    tables = set(inspect(connection).get_table_names())
    for watched in WATCHED:
        for verb in watched.verbs:
            name = _name(watched, verb)
            if sqlite:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            elif watched.table in tables:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON {watched.table}"))
                connection.execute(text(f"DROP FUNCTION IF EXISTS {name}()"))


def trigger_names() -> set[str]:
    """Return the names of all triggers there should be."""
    return {_name(watched, verb) for watched in WATCHED for verb in watched.verbs}


def _name(watched: Watched, verb: str) -> str:
    return f"case_change_{watched.table}_{verb.lower()}"


def _made(watched: Watched, dialect: str) -> Iterator[str]:
    for verb in watched.verbs:
        name = _name(watched, verb)
        rows = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}[verb]
        of = f" OF {', '.join(watched.columns)}" if verb == "UPDATE" and watched.columns else ""
        # UNION keeps a client once, although the old and the new row mostly concern the same one.
        found = " UNION ".join(watched.clients.format(row=row) for row in rows)
        body = f"INSERT INTO case_change (client_id) {found};"
        head = f"CREATE TRIGGER {name} AFTER {verb}{of} ON {watched.table}"
        if dialect == "sqlite":
            yield f"{head} BEGIN {body} END"
            continue
        yield (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {body} RETURN NULL; END $$"
        )
        yield f"{head} FOR EACH ROW EXECUTE FUNCTION {name}()"

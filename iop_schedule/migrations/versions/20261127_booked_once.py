"""The database itself refuses to book a counselor, a room, a client or a seat twice.

Revision ID: 20261127_booked_once
Revises: 20261127_caseload_digest
"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_booked_once"
down_revision = "20261127_caseload_digest"
branch_labels = None
depends_on = None

#: Sessions of this length or less: where a look for overlaps may begin.
LONGEST = "1 day"
EXCLUSIVE = "('individual', 'make_up')"
EXPECTED = "('member', 'individual', 'make_up')"

OVERLAPS = "o.starts_at < n.ends_at AND o.ends_at > n.starts_at"
#: Whether a client has another planned session at the time of the one in NEW.
CLIENT_BUSY = (
    "SELECT 1 FROM roster_entry e JOIN occurrence o ON o.id = e.occurrence_id, occurrence n"
    f" WHERE n.id = NEW.occurrence_id AND e.client_id = NEW.client_id AND o.id <> n.id"
    f" AND e.released_at IS NULL AND e.source IN {EXPECTED}"
    f" AND o.status = 'planned' AND n.status = 'planned' AND {OVERLAPS}"
)
#: Whether everyone who is not away takes every seat of the session in NEW.
NO_SEAT = (
    "SELECT 1 FROM occurrence o JOIN series s ON s.id = o.series_id JOIN care_group g ON g.id = s.group_id"
    " WHERE o.id = NEW.occurrence_id AND g.seats <= (SELECT count(*) FROM roster_entry e"
    " LEFT JOIN attendance_record a ON a.roster_entry_id = e.id"
    " WHERE e.occurrence_id = NEW.occurrence_id AND e.released_at IS NULL AND e.client_id <> NEW.client_id"
    " AND coalesce(a.status, '') NOT IN ('excused', 'no_show', 'late_cancellation'))"
)
#: Whether on some day of the place in NEW all seats have been given away.
NO_PLACE = (
    "SELECT 1 FROM series s JOIN care_group g ON g.id = s.group_id,"
    " (SELECT NEW.from_day AS day UNION SELECT m.from_day FROM series_member m"
    " WHERE m.series_id = NEW.series_id AND m.from_day > NEW.from_day"
    " AND (NEW.until_day IS NULL OR m.from_day <= NEW.until_day)) d"
    " WHERE s.id = NEW.series_id AND g.seats <= (SELECT count(*) FROM series_member m"
    " WHERE m.series_id = NEW.series_id AND (NEW.id IS NULL OR m.id <> NEW.id)"
    " AND m.from_day <= d.day AND (m.until_day IS NULL OR m.until_day >= d.day))"
)
CLAIMS = f"NEW.released_at IS NULL AND NEW.source IN {EXCLUSIVE} AND NOT NEW.double_booked"
SITS = "NEW.released_at IS NULL AND NEW.source IN ('make_up', 'walk_in') AND NEW.over_seats = ''"
WIDENS = (
    "NEW.from_day < OLD.from_day OR (NEW.until_day IS NULL AND OLD.until_day IS NOT NULL)"
    " OR NEW.until_day > OLD.until_day"
)

TRIGGERS = (
    "occurrence_once_insert", "occurrence_once_update", "roster_entry_once_insert", "roster_entry_once_update",
    "series_member_once_insert", "series_member_once_update",
)  # fmt: skip


def _flag_what_stands():
    """Sessions that share a counselor or a room today stay as they are, and say so."""
    op.execute(
        sa.text(
            "UPDATE occurrence SET double_booked = :yes WHERE status = 'planned' AND EXISTS ("
            "SELECT 1 FROM occurrence o WHERE o.id < occurrence.id AND o.status = 'planned'"
            " AND (o.leader_id = occurrence.leader_id OR o.room_id = occurrence.room_id)"
            " AND o.starts_at < occurrence.ends_at AND o.ends_at > occurrence.starts_at)"
        ).bindparams(yes=True)
    )


def _on_postgresql():
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    for column in ("leader_id", "room_id"):
        op.execute(
            f"ALTER TABLE occurrence ADD CONSTRAINT ex_occurrence_{column} EXCLUDE USING gist"
            f" ({column} WITH =, tstzrange(starts_at, ends_at) WITH &&)"
            " WHERE (status = 'planned' AND NOT double_booked)"
        )
    # A fact of two tables: hold the person's or the session's row first, then look, so that of two at
    # once the second sees what the first has done.
    op.execute(
        "CREATE FUNCTION roster_entry_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {CLAIMS} THEN"
        "  PERFORM 1 FROM client WHERE id = NEW.client_id FOR NO KEY UPDATE;"
        f"  IF EXISTS ({CLIENT_BUSY}) THEN"
        "   RAISE EXCEPTION 'double booked: client' USING ERRCODE = 'exclusion_violation'; END IF;"
        " END IF;"
        f" IF {SITS} THEN"
        "  PERFORM 1 FROM occurrence WHERE id = NEW.occurrence_id FOR NO KEY UPDATE;"
        f"  IF EXISTS ({NO_SEAT}) THEN"
        "   RAISE EXCEPTION 'seat taken' USING ERRCODE = 'exclusion_violation'; END IF;"
        " END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE FUNCTION series_member_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM 1 FROM series WHERE id = NEW.series_id FOR NO KEY UPDATE;"
        f" IF EXISTS ({NO_PLACE}) THEN"
        "  RAISE EXCEPTION 'seat taken' USING ERRCODE = 'exclusion_violation'; END IF;"
        " RETURN NEW; END $$"
    )
    for table, columns, when in (
        ("roster_entry", "released_at, source, occurrence_id, client_id", ""),
        ("series_member", "from_day, until_day", f" WHEN ({WIDENS})"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_once_insert BEFORE INSERT ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_once()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_once_update BEFORE UPDATE OF {columns} ON {table}"
            f" FOR EACH ROW{when} EXECUTE FUNCTION {table}_once()"
        )


def _on_sqlite():
    for verb in ("INSERT", "UPDATE OF starts_at, ends_at, leader_id, room_id, status, double_booked"):
        refusals = "".join(
            f" SELECT RAISE(ABORT, 'double booked: {column}') WHERE EXISTS (SELECT 1 FROM occurrence o"
            f" WHERE o.{column} = NEW.{column} AND o.id IS NOT NEW.id AND o.status = 'planned'"
            f" AND NOT o.double_booked AND o.starts_at > datetime(NEW.starts_at, '-{LONGEST}')"
            " AND o.starts_at < NEW.ends_at AND o.ends_at > NEW.starts_at);"
            for column in ("leader_id", "room_id")
        )
        op.execute(
            f"CREATE TRIGGER occurrence_once_{verb.split()[0].lower()} BEFORE {verb} ON occurrence"
            f" WHEN NEW.status = 'planned' AND NOT NEW.double_booked BEGIN{refusals} END"
        )
    for verb in ("INSERT", "UPDATE OF released_at, source, occurrence_id, client_id"):
        op.execute(
            f"CREATE TRIGGER roster_entry_once_{verb.split()[0].lower()} BEFORE {verb} ON roster_entry BEGIN"
            f" SELECT RAISE(ABORT, 'double booked: client') WHERE {CLAIMS} AND EXISTS ({CLIENT_BUSY});"
            f" SELECT RAISE(ABORT, 'seat taken') WHERE {SITS} AND EXISTS ({NO_SEAT}); END"
        )
    for verb, when in (("INSERT", ""), ("UPDATE OF from_day, until_day", f" WHEN {WIDENS}")):
        op.execute(
            f"CREATE TRIGGER series_member_once_{verb.split()[0].lower()} BEFORE {verb} ON series_member{when}"
            f" BEGIN SELECT RAISE(ABORT, 'seat taken') WHERE EXISTS ({NO_PLACE}); END"
        )


def upgrade():
    for table in ("occurrence", "roster_entry"):
        op.add_column(
            table, sa.Column("double_booked", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    _flag_what_stands()
    if op.get_bind().dialect.name == "postgresql":
        _on_postgresql()
    else:
        _on_sqlite()


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        for table in ("roster_entry", "series_member"):
            for verb in ("insert", "update"):
                op.execute(f"DROP TRIGGER {table}_once_{verb} ON {table}")
            op.execute(f"DROP FUNCTION {table}_once()")
        for column in ("leader_id", "room_id"):
            op.execute(f"ALTER TABLE occurrence DROP CONSTRAINT ex_occurrence_{column}")
    else:
        for trigger in TRIGGERS:
            op.execute(f"DROP TRIGGER {trigger}")
    for table in ("roster_entry", "occurrence"):
        op.drop_column(table, "double_booked")

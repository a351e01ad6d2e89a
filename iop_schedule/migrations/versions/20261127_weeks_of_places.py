"""In which weeks a place is attended: every week, or every other one; and which programs plan so.

Seats are counted in each of the two weeks, also by the database itself. Going down, a place of every other week
becomes one of every week, and two such places of one person in one session become one.

Revision ID: 20261127_weeks_of_places
Revises: 20261127_wishes
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "20261127_weeks_of_places"
down_revision = "20261127_wishes"
branch_labels = None
depends_on = None

TABLES = ("series_member", "seat_hold", "placement_offer_meeting")

#: Whether on some day of the place in NEW all seats have been given away.
NO_PLACE = (
    "SELECT 1 FROM series s JOIN care_group g ON g.id = s.group_id,"
    " (SELECT NEW.from_day AS day UNION SELECT m.from_day FROM series_member m"
    " WHERE m.series_id = NEW.series_id AND m.from_day > NEW.from_day"
    " AND (NEW.until_day IS NULL OR m.from_day <= NEW.until_day)) d{weeks}"
    " WHERE s.id = NEW.series_id AND g.seats <= (SELECT count(*) FROM series_member m"
    " WHERE m.series_id = NEW.series_id AND (NEW.id IS NULL OR m.id <> NEW.id){there}"
    " AND m.from_day <= d.day AND (m.until_day IS NULL OR m.until_day >= d.day))"
)
WIDENS = (
    "NEW.from_day < OLD.from_day OR (NEW.until_day IS NULL AND OLD.until_day IS NOT NULL)"
    " OR NEW.until_day > OLD.until_day"
)
BY_WEEK = NO_PLACE.format(
    weeks=" JOIN (SELECT 'A' AS letter UNION SELECT 'B') w ON NEW.week IN ('every', w.letter)",
    there=" AND m.week IN ('every', w.letter)",
)
ALIKE = NO_PLACE.format(weeks="", there="")


def _refuse(no_place, columns, widens):
    """Let the database refuse a place without a seat, as `no_place` looks."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER series_member_once_update ON series_member")
        op.execute(
            "CREATE OR REPLACE FUNCTION series_member_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " PERFORM 1 FROM series WHERE id = NEW.series_id FOR NO KEY UPDATE;"
            f" IF EXISTS ({no_place}) THEN"
            "  RAISE EXCEPTION 'seat taken' USING ERRCODE = 'exclusion_violation'; END IF;"
            " RETURN NEW; END $$"
        )
        op.execute(
            f"CREATE TRIGGER series_member_once_update BEFORE UPDATE OF {columns} ON series_member"
            f" FOR EACH ROW WHEN ({widens}) EXECUTE FUNCTION series_member_once()"
        )
        return
    # The rebuilt table has none.
    for verb, when in (("INSERT", ""), (f"UPDATE OF {columns}", f" WHEN {widens}")):
        op.execute(
            f"CREATE TRIGGER series_member_once_{verb.split()[0].lower()} BEFORE {verb} ON series_member{when}"
            f" BEGIN SELECT RAISE(ABORT, 'seat taken') WHERE EXISTS ({no_place}); END"
        )


def upgrade():
    with op.batch_alter_table("program") as batch:
        batch.add_column(
            sa.Column("alternating_weeks", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("week", sa.String(40), server_default="every", nullable=False))
            batch.create_check_constraint(op.f(f"ck_{table}_week_known"), "week IN ('every', 'A', 'B')")
    _refuse(BY_WEEK, "from_day, until_day, week", f"{WIDENS} OR NEW.week <> OLD.week")


def _every_week():
    """Let places and proposals be of every week: what was before has no words for anything else."""
    connection = op.get_bind()
    # A place that is made longer here is no new one; the refusal is put back with the old rule.
    if connection.dialect.name == "postgresql":
        op.execute("ALTER TABLE series_member DISABLE TRIGGER series_member_once_update")
    else:
        op.execute("DROP TRIGGER series_member_once_update")
    place = sa.table(
        "series_member",
        *(sa.column(name) for name in ("id", "series_id", "client_id", "week")),
        sa.column("from_day", sa.Date),
        sa.column("until_day", sa.Date),
    )
    one, other = place.alias(), place.alias()
    pairs = sa.select(one, other.c.id.label("other"), other.c.from_day.label("first"), other.c.until_day.label("last"))
    pairs = pairs.join(other, sa.and_(one.c.client_id == other.c.client_id, one.c.series_id == other.c.series_id))
    for pair in connection.execute(pairs.where(one.c.week == "A", other.c.week == "B")).all():
        if (pair.until_day and pair.first > pair.until_day) or (pair.last and pair.from_day > pair.last):
            continue
        connection.execute(place.delete().where(place.c.id == pair.other))
        until = max(pair.until_day, pair.last) if pair.until_day and pair.last else None
        both = {"from_day": min(pair.from_day, pair.first), "until_day": until}
        connection.execute(place.update().where(place.c.id == pair.id).values(both))
    proposal = sa.table(
        "placement_proposal", sa.column("id"), sa.column("before"), sa.column("after")
    )
    for row in connection.execute(sa.select(proposal)).all():
        plain = {
            name: json.dumps(sorted({*weeks.get("A", ()), *weeks.get("B", ())}))
            for name, text in (("before", row.before), ("after", row.after))
            if isinstance(weeks := json.loads(text), dict)
        }
        if plain:
            connection.execute(proposal.update().where(proposal.c.id == row.id).values(plain))


def downgrade():
    _every_week()
    if op.get_bind().dialect.name == "postgresql":
        _refuse(ALIKE, "from_day, until_day", WIDENS)
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_week_known"), type_="check")
            batch.drop_column("week")
    if op.get_bind().dialect.name == "sqlite":
        _refuse(ALIKE, "from_day, until_day", WIDENS)
    with op.batch_alter_table("program") as batch:
        batch.drop_column("alternating_weeks")

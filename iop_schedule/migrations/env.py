"""How Alembic runs here: the application's own engine, SQLite in batch mode with foreign keys off."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from iop_schedule.models import db
from iop_schedule.models.base import write_intent
from iop_schedule.models.case_changes import drop_triggers, make_triggers


def run() -> None:
    """Bring the database to the wanted revision in one transaction."""
    write_intent.set(True)
    with db.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # A batch rebuild drops and recreates tables; with foreign keys on, children would go too.
            # PRAGMA foreign_keys is ignored inside a transaction, hence straight on the driver.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        else:
            connection.execute(text("SET lock_timeout = '10s'"))
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            drop_triggers(connection)
            if sqlite:  # where each migration has a transaction of its own
                connection.commit()
            context.run_migrations()
            make_triggers(connection)
            if sqlite:
                connection.commit()
            if sqlite:
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    message = f"the migration would break {len(broken)} references; nothing was changed"
                    raise RuntimeError(message)
        if sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


run()

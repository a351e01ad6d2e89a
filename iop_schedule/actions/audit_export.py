"""Handing out the audit trail as a file, which is itself in the audit trail."""

from collections.abc import Iterator
from datetime import datetime

from iop_schedule.actions import audit
from iop_schedule.adapters.clinic_files.staging import NOTICE
from iop_schedule.adapters.csv_export import write_csv
from iop_schedule.models import db
from iop_schedule.models.base import write_transaction
from iop_schedule.queries.access import Actor
from iop_schedule.queries.audit import AuditFilter, AuditLine, audit_rows
from iop_schedule.vocabulary import AuditKind

HEADER = ("number", "when", "who", "role", "what", "kind", "details", "reference")


def export_trail(*, actor: Actor, wanted: AuditFilter, now: datetime) -> Iterator[str]:
    """Return the rows that `wanted` lets through as CSV, line by line; the notice of 42 CFR 2.32 comes last.

    The export is in the trail before its first line is handed out.

    Raises:
        NotAllowed: the role does not read or export the trail.
    """
    lines = list(audit_rows(actor, wanted))
    db.session.rollback()
    with write_transaction():
        audit.record(
            AuditKind.EXPORT_MADE,
            actor=actor,
            now=now,
            subject=("export", "audit"),
            details={"rows": len(lines), "filters": _used(wanted)},
        )
    return write_csv([*(_cells(line) for line in lines), (NOTICE.strip(), *[""] * (len(HEADER) - 1))], HEADER)


def _cells(line: AuditLine) -> tuple[str, ...]:
    details = "; ".join(f"{name}: {value}" for name, value in line.details)
    when = line.at.isoformat(timespec="seconds")
    role = line.role.replace("_", " ")
    return (str(line.id), when, line.who, role, line.sentence, line.kind, details, line.reference)


def _used(wanted: AuditFilter) -> dict[str, str]:
    return {
        name: str(getattr(wanted, name))
        for name in wanted.__dataclass_fields__
        if getattr(wanted, name) is not None
    }

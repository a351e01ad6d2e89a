"""The door to calendar files people upload: busy times out, everything else forgotten.

The order of work: size and kind of file (`door`), lines that matter (`prescan`), allowed rules and
our own wording of each entry (`rules`, `entries`), dates (`parse`, in a bounded process started by
`door` and living in `child`), words (`summary`).
"""

from iop_schedule.adapters.ical_upload.door import read_upload
from iop_schedule.adapters.ical_upload.limits import UploadLimits
from iop_schedule.adapters.ical_upload.results import (
    BusyDate,
    BusyPattern,
    Problem,
    Skipped,
    SkipReason,
    UploadSummary,
    UploadWindow,
)

__all__ = [
    "BusyDate",
    "BusyPattern",
    "Problem",
    "SkipReason",
    "Skipped",
    "UploadLimits",
    "UploadSummary",
    "UploadWindow",
    "read_upload",
]

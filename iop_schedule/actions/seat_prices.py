"""What a seat is worth to people still to come, kept from the last plan made for everyone."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select

from iop_schedule.models import SeatPrice, Series, db

HUNDREDTHS = 100


def learn_prices(program_id: int, prices: Mapping[str, float], *, now: datetime) -> None:
    """Keep the prices a plan for everyone of a program came to, inside the caller's transaction.

    They replace what was known of the program's meetings; those that the plan gave no price have none.

    Args:
        program_id: whose meetings they are.
        prices: by meeting, the points that one seat more would have brought.
        now: when the plan was made.
    """
    own = set(db.session.scalars(select(Series.id).where(Series.program_id == program_id)))
    db.session.execute(delete(SeatPrice).where(SeatPrice.series_id.in_(own)))
    for meeting, points in prices.items():
        hundredths = round(points * HUNDREDTHS)
        if int(meeting) in own and hundredths > 0:
            db.session.add(SeatPrice(series_id=int(meeting), hundredths=hundredths, learnt_at=now))

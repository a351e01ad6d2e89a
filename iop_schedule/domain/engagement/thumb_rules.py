"""Rules of thumb for who is about to leave, to compare the monitor with: easy to say, dear in false alerts.

Like the monitor they look only at sessions that say something about attendance, and keep quiet for two
weeks after an alert.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from iop_schedule.domain.risk.watch import Row

#: A rule takes one person's sessions, oldest first, and returns when it would have spoken.
Rule = Callable[[Sequence[Row]], list[datetime]]

QUIET = timedelta(days=14)
FOUR_WEEKS = timedelta(weeks=4)
#: A rate over fewer sessions says nothing.
LEAST_SESSIONS = 4

_Told = list[tuple[datetime, float]]


def misses_in_a_row(count: int) -> Rule:
    """Return the rule that speaks when `count` sessions in a row were missed whole."""

    def holds(told: _Told, last: int) -> bool:
        return last >= count - 1 and not any(share for _, share in told[last - count + 1 : last + 1])

    return _spoken(holds)


def four_week_rate(minimum: float) -> Rule:
    """Return the rule that speaks when less than `minimum` of the last four weeks' sessions was attended."""

    def holds(told: _Told, last: int) -> bool:
        since = told[last][0] - FOUR_WEEKS
        shares = [share for at, share in told[: last + 1] if at > since]
        return len(shares) >= LEAST_SESSIONS and sum(shares) < minimum * len(shares)

    return _spoken(holds)


def _spoken(holds: Callable[[_Told, int], bool]) -> Rule:
    def rule(rows: Sequence[Row]) -> list[datetime]:
        told = [(row.at, row.share) for row in rows if row.share is not None]
        raised: list[datetime] = []
        for last, (at, _) in enumerate(told):
            if (not raised or at - raised[-1] > QUIET) and holds(told, last):
                raised.append(at)
        return raised

    return rule


#: By the names they have on pages.
THUMB_RULES: dict[str, Rule] = {
    "2 misses in a row": misses_in_a_row(2),
    "3 misses in a row": misses_in_a_row(3),
    "4-week rate below 75 %": four_week_rate(0.75),
}

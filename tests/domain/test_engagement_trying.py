"""Settings tried on a past that is known."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain.engagement.leaving import Departure
from iop_schedule.domain.engagement.settings_report import Asked, history_result
from iop_schedule.domain.engagement.thumb_rules import Rule, four_week_rate, misses_in_a_row
from iop_schedule.domain.engagement.trying import PastCare, by_subgroup, try_policy
from iop_schedule.domain.risk.estimate import FalseAlerts, false_alerts, until_last_attended
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.watch import Row

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = date(2026, 1, 5)
POLICY = MonitorPolicy()


def past(
    shares: str, *, left: Departure | None = None, person: str = "ana", words: tuple[str, ...] = ()
) -> PastCare:
    """Return sessions on Mondays and Thursdays at 22:00 in New York, which is the next day in UTC."""
    rows = []
    for number, letter in enumerate(shares):
        day = MONDAY + timedelta(days=3 * (number % 2), weeks=number // 2)
        at = datetime.combine(day, time(22), NEW_YORK).astimezone(UTC)
        rows.append(Row(at, {"a": 1.0, "m": 0.0, "e": None}[letter], False))
    return PastCare(person, tuple(rows), NEW_YORK, left, words)


#: Came ten times, then missed; two misses in a row are enough for an alert on the second, Thursday of week 6.
GONE = past("aaaaaaaaaammmm", left=Departure(date(2026, 2, 5), date(2026, 3, 5)))


def test_a_departure_is_seen_before_it_was_plain() -> None:
    tried = try_policy([GONE], POLICY)
    assert (tried.alerts, tried.false_alerts, tried.departures, tried.seen) == (1, 0, 1, 1)
    assert tried.days_earlier == ((date(2026, 3, 5) - date(2026, 2, 12)).days,)
    assert tried.weeks == 7
    assert tried.sentence == (
        "With this setting you would have had 0.1 alerts a week and seen 1 of 1 departures a median of 21 days earlier."
    )


def test_an_alert_on_the_day_it_was_plain_is_not_earlier() -> None:
    late = replace(GONE, departure=Departure(date(2026, 2, 5), date(2026, 2, 12)))
    assert (try_policy([late], POLICY).seen, try_policy([late], POLICY).alerts) == (0, 1)


def test_an_alert_for_someone_who_came_again_is_false() -> None:
    tried = try_policy([past("aaaaaaaaaammaaaa")], POLICY)
    assert (tried.alerts, tried.false_alerts) == (1, 1)
    assert tried.false_per_100_client_weeks == 100 / 8
    assert "Nobody left in this time" in tried.sentence


def test_without_sessions_nothing_is_said() -> None:
    assert try_policy([], POLICY).sentence == "There are no sessions to try this on."


def test_subgroups_are_counted_by_their_people() -> None:
    history = [past("aaaammmm", person="ana", words=("Women",)), past("aaaa", person="ben", words=("Men",))]
    found = by_subgroup(history, POLICY)
    assert {word: people for word, (_, people) in found.items()} == {"Women": {"ana"}, "Men": {"ben"}}
    assert [found[word][0].client_weeks for word in ("Women", "Men")] == [4, 2]


@given(st.lists(st.text("ame", max_size=40), max_size=6), st.sampled_from([2.0, 3.8, 6.0]))
def test_false_alerts_are_those_that_calibration_counts(people: list[str], h: float) -> None:
    history = [past(shares, person=str(number)) for number, shares in enumerate(people)]
    policy = replace(POLICY, threshold=h)
    counted: FalseAlerts = false_alerts([until_last_attended(care.rows) for care in history], policy=policy)
    assert try_policy(history, policy).false_alerts == counted.alerts


@given(st.lists(st.text("am", min_size=4, max_size=30), min_size=1, max_size=5))
def test_a_higher_threshold_never_sees_more(people: list[str]) -> None:
    history = [past(shares + "mmmm", person=str(n)) for n, shares in enumerate(people)]
    alerts = [try_policy(history, replace(POLICY, threshold=h, quiet_days=0)).alerts for h in (3.8, 1000.0)]
    assert alerts[0] >= alerts[1] == 0


def test_the_comparison_names_the_settings_in_force_and_those_that_fit() -> None:
    asked = Asked(
        threshold=3.0, prior_mean=0.8, prior_strength=5.5, weekly_discount=0.7, budget=5.0, weeks=52
    )
    steps: list[int] = []
    found = history_result([GONE] * 3, asked=asked, current=POLICY, progress=steps.append)
    compared, fitted = found.sections
    names = [row[0] for row in compared.rows]
    assert names[:3] == ["Asked for", "In force now", "Fitted to 5 false alerts"]
    assert "h = 3" not in names
    assert names[-3:] == ["2 misses in a row", "3 misses in a row", "4-week rate below 75 %"]
    assert compared.rows[-2] == ("3 misses in a row", "–", "0.4", "0.0", "3 of 3", "17.0")
    assert compared.rows[1] == ("In force now", "3.8", "0.4", "0.0", "3 of 3", "21.0")
    assert fitted.finding == "Fewer than 20 people with 4 sessions: mu and strength stay."
    assert steps[-1] == 100
    assert Asked.from_json({**asked.as_json(), "program": 1}) == asked


@pytest.mark.parametrize(
    ("rule", "shares", "spoke_at"),
    [
        (misses_in_a_row(2), "aamamm", [5]),
        (misses_in_a_row(2), "mema", [2]),  # what says nothing does not break a row
        (misses_in_a_row(2), "mmmmmmmm", [1, 6]),  # quiet for two weeks, then again
        (misses_in_a_row(3), "mmamm", []),
        (four_week_rate(0.75), "amm", []),  # three sessions say nothing yet
        (four_week_rate(0.75), "aaam", []),
        (four_week_rate(0.75), "aamm", [3]),
        (four_week_rate(0.75), "mmmmaaaaaaaa", [3, 8]),
        (four_week_rate(0.75), "", []),
    ],
)
def test_rules_of_thumb_by_hand(rule: Rule, shares: str, spoke_at: list[int]) -> None:
    rows = past(shares).rows
    assert [[row.at for row in rows].index(at) for at in rule(rows)] == spoke_at

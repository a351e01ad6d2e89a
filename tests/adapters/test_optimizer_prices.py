"""What a seat is worth, and what intake gains from knowing it."""

from benchmarks.placement_instances import weeks
from iop_schedule.adapters.optimizer import seat_prices, solve
from iop_schedule.domain.placement import (
    Client,
    Commitment,
    DayPart,
    Dose,
    Group,
    Meeting,
    Preferences,
    Problem,
    best_weeks,
    openings,
)
from iop_schedule.vocabulary import Modality, Weekday

MO, TU, WE = (Weekday(n) for n in range(3))


def group(code, start, seats, **changes):
    meetings = tuple(Meeting(f"{code}-{d.name}", d, start, start + 180, seats) for d in (MO, TU, WE))
    return Group(code, "process", Modality.IN_PERSON, "en", meetings, site="main", **changes)


def person(code, *commitments, **changes):
    return Client(code, ("en",), Dose(540, min_days=3), commitments=commitments, **changes)


def working(code):
    return person(code, *(Commitment("work", d, 480, 1000) for d in (MO, TU, WE)))


def test_a_seat_has_a_price_only_where_there_are_too_few():
    asked = Problem((group("am", 540, 3), group("pm", 1020, 1)), (working("a"), working("b"), person("c")))
    prices = seat_prices(asked, seconds=600)
    mornings = [prices[f"am-{d}"] for d in ("MO", "TU", "WE")]
    evenings = [prices[f"pm-{d}"] for d in ("MO", "TU", "WE")]
    assert mornings == [0, 0, 0]
    # One seat more on all three evenings places one more person: 1000 points and the worth of the week.
    assert sum(evenings) == 1000 + 3 * 20 - 3 * 6


def test_prices_steer_the_flexible_away_from_scarce_seats():
    flexible = person("c", preferences=Preferences(time=DayPart.EVENING))
    asked = Problem((group("am", 540, 3), group("pm", 1020, 1)), (flexible,))
    plain, *_ = best_weeks(asked, "c", count=1)
    steered, *_ = best_weeks(asked, "c", count=1, prices={"pm-MO": 400.0, "pm-TU": 300.0, "pm-WE": 400.0})
    assert plain.choice == ("pm-MO", "pm-TU", "pm-WE")
    assert steered.choice == ("am-MO", "am-TU", "am-WE")
    only = best_weeks(Problem(asked.groups[1:], (flexible,)), "c", count=1, prices={"pm-MO": 10_000.0})
    assert [plan.choice for plan in only] == [("pm-MO", "pm-TU", "pm-WE")]
    assert only[0].points == plain.points


def test_intake_at_prices_places_more_people_than_first_come_first_served():
    asked = weeks(80, 0.9, "intake")
    learnt_from = Problem(asked.groups, weeks(80, 0.9, "others").clients, asked.weights)
    prices = seat_prices(learnt_from, seconds=600)
    everyone = len(solve(asked, seconds=600).assignments)
    plain, steered = _intake(asked, {}), _intake(asked, prices)
    assert plain < steered <= everyone


def _intake(asked, prices):
    held = {}
    for client in asked.clients:
        for plan in best_weeks(asked, client.id, openings(asked, client.id, held), count=1, prices=prices):
            held[client.id] = plan.choice
    return len(held)

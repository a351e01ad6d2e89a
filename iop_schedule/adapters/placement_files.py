"""Placement problems and plans as JSON files: read strictly, written so that reading gives the same.

What cannot be read is refused with one line that names the place, such as
`clients[3].commitments[0].end: …`. Nothing here needs a database.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from enum import StrEnum
from math import isfinite
from typing import Any, NoReturn, TypeVar, cast

from iop_schedule.domain.placement import (
    Alternating,
    Because,
    Choice,
    Client,
    Commitment,
    DayPart,
    Dose,
    Group,
    Meeting,
    Plan,
    PlanStatus,
    Preferences,
    Prices,
    Problem,
    Unplaced,
    Weights,
    WouldFit,
    offers,
    weeks_of,
)
from iop_schedule.domain.placement.problem import MINUTES_PER_DAY
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import Attend, Gender, GroupGender, Modality, ModalityWish, Weekday, WeekParity

PROBLEM_FORMAT = "placement-problem/1"
PLAN_FORMAT = "placement-plan/1"
#: More than any weight, cost or number of seats needs; keeps arithmetic and memory sane.
LARGEST = 1_000_000

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_E = TypeVar("_E", bound=StrEnum)
_T = TypeVar("_T")


class UnreadableFile(NotPossible):
    """This file cannot be read. Check that it is a placement file."""


def read_problem(text: str) -> Problem:
    """Return the problem written in `text`.

    Raises:
        UnreadableFile: it is not a problem; the sentence names the place and what to write there.
    """
    top = _Object(_parsed(text), "")
    top.format(PROBLEM_FORMAT)
    top.text("notice", None)
    problem = Problem(
        weights=top.one("weights", _weights, Weights()),
        prices=top.one("prices", _prices, Prices()),
        alternating=top.flag("alternating", default=False),
        groups=tuple(top.many("groups", _group)),
        clients=tuple(top.many("clients", _client)),
    )
    top.nothing_else()
    _check_ids(problem)
    return problem


def read_plan(text: str, problem: Problem) -> Plan:
    """Return the plan written in `text`, which must speak of the people and meetings of `problem`.

    Raises:
        UnreadableFile: it is not such a plan; the sentence names the place and what to write there.
    """
    top = _Object(_parsed(text), "")
    top.format(PLAN_FORMAT)
    top.text("notice", None)
    meetings, clients = offers(problem).keys(), {c.id for c in problem.clients}
    plan = Plan(
        status=top.word("status", PlanStatus, PlanStatus.FEASIBLE),
        objective=top.number("objective"),
        bound=top.number("bound"),
        seconds=top.number("seconds"),
        assignments={
            client: read_choice(value, place)
            for client, value, place in top.entries("assignments")
            if _known(client, clients, "client", place)
        },
        unplaced=tuple(top.many("unplaced", _unplaced, needed=False)),
    )
    top.nothing_else()
    for client, choice in plan.assignments.items():
        _check_choice(choice, meetings, f"assignments.{client}")
    for n, person in enumerate(plan.unplaced):
        _known(person.client, clients, "client", f"unplaced[{n}].client")
        for k, because in enumerate(person.because):
            _check_choice(because.blocks, meetings, f"unplaced[{n}].because[{k}].blocks")
        for k, way in enumerate(person.would_fit_if):
            _check_choice(way.plan, meetings, f"unplaced[{n}].would_fit_if[{k}].plan")
    return plan


def write_problem(problem: Problem) -> str:
    """Return the problem as a file; `read_problem` gives it back equal."""
    weights = problem.weights
    return _written(
        {
            "format": PROBLEM_FORMAT,
            "alternating": problem.alternating,
            "weights": {
                "day_cost": weights.day_cost,
                "over_cost": weights.over_cost,
                "keep_bonus": weights.keep_bonus,
            },
            **({"prices": asdict(problem.prices)} if problem.prices != Prices() else {}),
            "groups": [_group_out(g) for g in problem.groups],
            "clients": [_client_out(c) for c in problem.clients],
        }
    )


def write_plan(plan: Plan) -> str:
    """Return the plan as a file; `read_plan` gives it back equal."""
    return _written(
        {
            "format": PLAN_FORMAT,
            "status": plan.status.value,
            "objective": _number_out(plan.objective),
            "bound": plan.bound,
            "seconds": plan.seconds,
            "assignments": {client: write_choice(choice) for client, choice in plan.assignments.items()},
            "unplaced": [_unplaced_out(u) for u in plan.unplaced],
        }
    )


def with_notice(text: str, notice: str) -> str:
    """Return a file with a notice to whoever is handed it, which reading the file passes over."""
    content = json.loads(text)
    return _written({"format": content.pop("format"), "notice": notice, **content})


def _written(value: Mapping[str, object]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _number_out(value: float | None) -> float | None:
    return int(value) if value is not None and value == int(value) else value


def _fail(place: str, sentence: str) -> NoReturn:
    message = f"{place or 'the file'}: {sentence}"
    raise UnreadableFile(message, field=place or None)


def _parsed(text: str) -> object:
    try:
        return json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_without_repeats, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        _fail(f"line {error.lineno} column {error.colno}", f"this is not JSON ({error.msg}).")
    except RecursionError:
        _fail("", "it is nested too deeply to be a placement file.")
    except ValueError as error:  # a number with thousands of digits
        _fail("", f"it cannot be read ({error}).")


def _without_repeats(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        _fail(repeated, "this key is written twice in one object. Keep one.")
    return found


def _no_constant(name: str) -> NoReturn:
    _fail(name, "is not a number that JSON knows.")


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else text[:37] + "…"  # noqa: PLR2004 - one line stays one line


_NEEDED: Any = object()


class _Object:
    """One JSON object: every key is asked for once, and what is left over is refused."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            _fail(place, f"write an object in braces, not {_shown(value)}.")
        self._left, self._place = dict(value), place

    def at(self, key: str) -> str:
        """Return the place of `key`."""
        return f"{self._place}.{key}" if self._place else key

    def _take(self, key: str, default: object = _NEEDED) -> object:
        if key not in self._left and default is _NEEDED:
            _fail(self.at(key), "is missing.")
        return self._left.pop(key, default)

    def format(self, expected: str) -> None:
        """Refuse a file of another format."""
        found = self._take("format")
        if found != expected:
            _fail(self.at("format"), f"write {_shown(expected)}, not {_shown(found)}.")

    def nothing_else(self) -> None:
        """Refuse keys that nobody asked for."""
        for key in self._left:
            _fail(self.at(key), "is not a key of this format. Remove it or check its spelling.")

    def text(self, key: str, default: Any = _NEEDED, *, empty: bool = False) -> Any:
        """Return a text, or `default` where the key is missing or (with default None) null."""
        return _text(self._take(key, default), self.at(key), default, empty=empty)

    def whole(self, key: str, default: Any = _NEEDED, *, least: int = 0, most: int = LARGEST) -> int:
        """Return a whole number from `least` to `most`."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            _fail(self.at(key), f"write a whole number, not {_shown(value)}.")
        if not least <= value <= most:
            _fail(self.at(key), f"write a whole number from {least} to {most}, not {_shown(value)}.")
        return value

    def number(self, key: str) -> float | None:
        """Return a number, or None where it is missing or null."""
        value = self._take(key, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            _fail(self.at(key), f"write a number, not {_shown(value)}.")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            _fail(self.at(key), f"write true or false, not {_shown(value)}.")
        return value

    def word(self, key: str, words: type[_E], default: Any = _NEEDED) -> Any:
        """Return one of the words of an enum, or `default` where the key is missing or null for None."""
        value = self._take(key, default)
        if value is None and default is None:
            return None
        if not isinstance(value, str) or value not in [w.value for w in words]:
            _fail(self.at(key), f"write {_one_of(w.value for w in words)}, not {_shown(value)}.")
        return words(value)

    def weekday(self, key: str, *, treatment: bool) -> Weekday:
        """Return a weekday; `treatment` days are Monday to Friday."""
        return _weekday(self._take(key), self.at(key), treatment=treatment)

    def time(self, key: str, *, end: bool = False) -> int:
        """Return minutes after midnight; an end may be 24:00."""
        value = self._take(key)
        found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            _fail(self.at(key), f'write a time such as "09:00", not {_shown(value)}.')
        hour, minute = int(found[1]), int(found[2])
        minutes = hour * 60 + minute
        if minute > 59 or minutes > MINUTES_PER_DAY or (minutes == MINUTES_PER_DAY and not end):  # noqa: PLR2004
            _fail(self.at(key), f"{value} is not a time of a day.")
        return minutes

    def texts(self, key: str, default: Any = _NEEDED) -> tuple[str, ...]:
        """Return a list of texts, none twice."""
        found = [_text(v, p) for v, p in _items(self._take(key, default), self.at(key))]
        for n, text in enumerate(found):
            if text in found[:n]:
                _fail(f"{self.at(key)}[{n}]", f"{_shown(text)} is listed twice.")
        return tuple(found)

    def many(self, key: str, read: Callable[["_Object"], _T], *, needed: bool = True) -> Iterator[_T]:
        """Yield the objects of a list, each read by `read`."""
        for value, place in _items(self._take(key, _NEEDED if needed else []), self.at(key)):
            yield self._whole_object(value, place, read)

    def one(self, key: str, read: Callable[["_Object"], _T], default: Any = _NEEDED) -> _T:
        """Return the object at `key`, read by `read`, or `default` where it is missing."""
        value = self._take(key, default)
        if value is default:
            return cast("_T", default)
        return self._whole_object(value, self.at(key), read)

    def choice(self, key: str, default: Any = _NEEDED) -> Choice:
        """Return what one person attends."""
        return read_choice(self._take(key, default), self.at(key))

    def list_of_texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, repeated ones included."""
        return tuple(_text(v, p) for v, p in _items(self._take(key), self.at(key)))

    @staticmethod
    def _whole_object(value: object, place: str, read: Callable[["_Object"], _T]) -> _T:
        own = _Object(value, place)
        found = read(own)
        own.nothing_else()
        return found

    def entries(self, key: str, default: Any = _NEEDED) -> Iterator[tuple[str, object, str]]:
        """Yield the keys, values and places of an object whose keys are free."""
        own = _Object(self._take(key, default), self.at(key))
        yield from ((name, value, own.at(name)) for name, value in own._left.items())

    def stop(self, key: str, sentence: str) -> NoReturn:
        """Refuse what was written at `key`."""
        _fail(self.at(key), sentence)


def _items(value: object, place: str) -> list[tuple[object, str]]:
    if not isinstance(value, list | tuple):
        _fail(place, f"write a list in brackets, not {_shown(value)}.")
    return [(item, f"{place}[{n}]") for n, item in enumerate(value)]


def _text(value: object, place: str, default: object = _NEEDED, *, empty: bool = False) -> Any:
    if value is None and default is None:
        return None
    if not isinstance(value, str):
        _fail(place, f"write a text in quotes, not {_shown(value)}.")
    if not value and not empty:
        _fail(place, "write a text that is not empty.")
    return value


def _one_of(words: Iterator[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _weekday(value: object, place: str, *, treatment: bool) -> Weekday:
    days = [d.name for d in Weekday if d.is_treatment_day or not treatment]
    if not isinstance(value, str) or value not in days:
        _fail(place, f"write {_one_of(iter(days))}, not {_shown(value)}.")
    return Weekday[value]


def _weights(own: _Object) -> Weights:
    plain = Weights()
    return Weights(
        day_cost=own.whole("day_cost", plain.day_cost),
        over_cost=own.whole("over_cost", plain.over_cost),
        keep_bonus=own.whole("keep_bonus", plain.keep_bonus),
    )


def _prices(own: _Object) -> Prices:
    plain = Prices()
    return Prices(**{one.name: own.whole(one.name, getattr(plain, one.name)) for one in fields(Prices)})


def _group(own: _Object) -> Group:
    modality = own.word("modality", Modality)
    site = own.text("site", None)
    if modality is Modality.TELEHEALTH and site is not None:
        own.stop("site", "a telehealth group has no site. Write null.")
    if modality is Modality.IN_PERSON and site is None:
        own.stop("site", "a group in person has a site. Name it.")
    group = Group(
        id=own.text("id"),
        service_type=own.text("service_type"),
        counselor=own.text("counselor", None),
        site=site,
        modality=modality,
        gender=own.word("gender", GroupGender, GroupGender.ANY),
        language=own.text("language"),
        attend=own.word("attend", Attend, Attend.ANY),
        meetings=tuple(own.many("meetings", _meeting)),
    )
    if not group.meetings:
        own.stop("meetings", "a group has at least one meeting.")
    return group


def _meeting(own: _Object) -> Meeting:
    code, weekday = own.text("id"), own.weekday("weekday", treatment=True)
    start, end = _stretch(own)
    most_break = end - start - 1
    seats, pause = own.whole("seats"), own.whole("break_minutes", 0, most=most_break)
    return Meeting(code, weekday, start, end, seats, pause, own.text("counselor", None))


def _stretch(own: _Object) -> tuple[int, int]:
    start, end = own.time("start"), own.time("end", end=True)
    if end <= start:
        own.stop("end", "it ends before it starts. What lasts past midnight is written as two, one per day.")
    return start, end


def _client(own: _Object) -> Client:
    return Client(
        id=own.text("id"),
        priority=own.whole("priority", 1),
        languages=own.texts("languages"),
        gender=own.word("gender", Gender, Gender.UNSPECIFIED),
        modality=own.word("modality", ModalityWish),
        prefers_modality=own.word("prefers_modality", Modality, None),
        dose=own.one("dose", _dose),
        travel_minutes=dict(_travel(own)),
        commitments=tuple(own.many("commitments", _commitment, needed=False)),
        preferences=own.one("preferences", _preferences, Preferences()),
        keep_apart=own.texts("keep_apart", ()),
        current=own.choice("current", []),
        may_alternate=own.flag("alternating", default=True),
        closed=own.texts("closed", ()),
        kept_seats=own.texts("kept_seats", ()),
    )


def _dose(own: _Object) -> Dose:
    plain = Dose(0)
    return Dose(
        minutes=own.whole("minutes", least=1),
        over_minutes=own.whole("over_minutes", plain.over_minutes),
        min_days=own.whole("min_days", plain.min_days),
        max_minutes_per_day=own.whole("max_minutes_per_day", plain.max_minutes_per_day, least=1),
        required=own.texts("required", ()),
    )


def _travel(own: _Object) -> Iterator[tuple[str, int]]:
    for site, minutes, place in own.entries("travel_minutes", {}):
        if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 <= minutes <= MINUTES_PER_DAY:
            _fail(place, f"write whole minutes from 0 to {MINUTES_PER_DAY}, not {_shown(minutes)}.")
        yield site, minutes


def _commitment(own: _Object) -> Commitment:
    kind, label = own.text("kind"), own.text("label", "", empty=True)
    weekday = own.weekday("weekday", treatment=False)
    start, end = _stretch(own)
    week, hard = own.word("week", WeekParity, WeekParity.EVERY), own.flag("hard", default=True)
    cost, site = own.whole("cost", 0), own.text("site", None)
    negotiable = own.flag("negotiable", default=True)
    return Commitment(kind, weekday, start, end, label, week, hard, cost, site, negotiable)


def _preferences(own: _Object) -> Preferences:
    time, counselor = own.word("time", DayPart, DayPart.ANY), own.text("counselor", None)
    weekdays: dict[Weekday, int] = {}
    for name, points, place in own.entries("weekdays", {}):
        day = _weekday(name, place, treatment=False)
        if isinstance(points, bool) or not isinstance(points, int) or abs(points) > LARGEST:
            _fail(place, f"write a whole number of points, not {_shown(points)}.")
        weekdays[day] = points
    return Preferences(time, weekdays, counselor)


def _check_ids(problem: Problem) -> None:
    _unique([(g.id, f"groups[{n}].id") for n, g in enumerate(problem.groups)])
    _unique(
        [
            (m.id, f"groups[{n}].meetings[{k}].id")
            for n, g in enumerate(problem.groups)
            for k, m in enumerate(g.meetings)
        ]
    )
    _unique([(c.id, f"clients[{n}].id") for n, c in enumerate(problem.clients)])
    meetings, clients = offers(problem).keys(), {c.id for c in problem.clients}
    for n, client in enumerate(problem.clients):
        for k, other in enumerate(client.keep_apart):
            _known(other, clients - {client.id}, "other client", f"clients[{n}].keep_apart[{k}]")
        _check_current(client.current, meetings, f"clients[{n}].current")
        for key in ("closed", "kept_seats"):
            for k, meeting in enumerate(getattr(client, key)):
                _known(meeting, meetings, "meeting", f"clients[{n}].{key}[{k}]")


def _unique(ids: Sequence[tuple[str, str]]) -> None:
    seen: set[str] = set()
    for name, place in ids:
        if name in seen:
            _fail(place, f"{_shown(name)} is used twice. Ids are unique.")
        seen.add(name)


def _known(name: str, names: Any, what: str, place: str) -> bool:
    if name not in names:
        _fail(place, f"there is no {what} {_shown(name)} in this problem.")
    return True


def read_choice(value: object, place: str) -> Choice:
    """Return what one person attends; undoes `write_choice`."""
    if isinstance(value, list):
        return tuple(_text(v, p) for v, p in _items(value, place))
    if not isinstance(value, dict):
        _fail(place, f'write a list of meetings, or {{"A": […], "B": […]}}, not {_shown(value)}.')
    own = _Object(value, place)
    choice = Alternating(own.list_of_texts("A"), own.list_of_texts("B"))
    own.nothing_else()
    return choice


def _check_choice(choice: Choice, meetings: Any, place: str) -> None:
    weeks = [(choice.a, ".A"), (choice.b, ".B")] if isinstance(choice, Alternating) else [(choice, "")]
    for chosen, week in weeks:
        for n, meeting in enumerate(chosen):
            _known(meeting, meetings, "meeting", f"{place}{week}[{n}]")


def _check_current(choice: Choice, meetings: Any, place: str) -> None:
    _check_choice(choice, meetings, place)
    for week, chosen in weeks_of(choice):
        for n, meeting in enumerate(chosen):
            if meeting in chosen[:n]:
                part = "" if week is WeekParity.EVERY else f".{week.value}"
                _fail(f"{place}{part}[{n}]", f"{_shown(meeting)} is listed twice.")


def _unplaced(own: _Object) -> Unplaced:
    return Unplaced(
        client=own.text("client"),
        because=tuple(own.many("because", _because, needed=False)),
        would_fit_if=tuple(own.many("would_fit_if", _would_fit, needed=False)),
    )


def _because(own: _Object) -> Because:
    commitment, rule = own.text("commitment", None), own.text("rule", None)
    if (commitment is None) == (rule is None):
        own.stop("commitment", "write either a commitment or a rule.")
    return Because(commitment or rule, own.texts("blocks", ()), commitment is not None)


def _would_fit(own: _Object) -> WouldFit:
    change, cost = own.text("change"), own.whole("cost")
    return WouldFit(change, cost, own.choice("plan"))


def _group_out(group: Group) -> dict[str, object]:
    return {
        "id": group.id,
        "service_type": group.service_type,
        "counselor": group.counselor,
        "site": group.site,
        "modality": group.modality.value,
        "gender": group.gender.value,
        "language": group.language,
        "attend": group.attend.value,
        "meetings": [_meeting_out(m) for m in group.meetings],
    }


def _meeting_out(meeting: Meeting) -> dict[str, object]:
    pause = {"break_minutes": meeting.break_minutes} if meeting.break_minutes else {}
    return {
        "id": meeting.id,
        "weekday": meeting.weekday.name,
        "start": _clock(meeting.start),
        "end": _clock(meeting.end),
        "seats": meeting.seats,
        **pause,
        **({"counselor": meeting.counselor} if meeting.counselor else {}),
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _client_out(client: Client) -> dict[str, object]:
    dose, wish = client.dose, client.preferences
    return {
        "id": client.id,
        "priority": client.priority,
        "languages": list(client.languages),
        "gender": client.gender.value,
        "modality": client.modality.value,
        "prefers_modality": client.prefers_modality and client.prefers_modality.value,
        "dose": {
            "minutes": dose.minutes,
            "over_minutes": dose.over_minutes,
            "min_days": dose.min_days,
            "max_minutes_per_day": dose.max_minutes_per_day,
            "required": list(dose.required),
        },
        "travel_minutes": dict(client.travel_minutes),
        "commitments": [_commitment_out(c) for c in client.commitments],
        "preferences": {
            "time": wish.time.value,
            "weekdays": {day.name: points for day, points in wish.weekdays.items()},
            "counselor": wish.counselor,
        },
        "keep_apart": list(client.keep_apart),
        "current": write_choice(client.current),
        **({} if client.may_alternate else {"alternating": False}),
        **({"closed": list(client.closed)} if client.closed else {}),
        **({"kept_seats": list(client.kept_seats)} if client.kept_seats else {}),
    }


def _commitment_out(commitment: Commitment) -> dict[str, object]:
    return {
        "kind": commitment.kind,
        "label": commitment.label,
        "weekday": commitment.weekday.name,
        "start": _clock(commitment.start),
        "end": _clock(commitment.end),
        "week": commitment.week.value,
        "hard": commitment.hard,
        "cost": commitment.cost,
        **({"site": commitment.site} if commitment.site else {}),
        **({} if commitment.negotiable else {"negotiable": False}),
    }


def write_choice(choice: Choice) -> object:
    """Return what one person attends as files hold it: a list of meetings, or one for weeks A and B each."""
    if isinstance(choice, Alternating):
        return {"A": list(choice.a), "B": list(choice.b)}
    return list(choice)


def _unplaced_out(unplaced: Unplaced) -> dict[str, object]:
    return {
        "client": unplaced.client,
        "because": [
            {"commitment" if b.is_commitment else "rule": b.what, "blocks": list(b.blocks)}
            for b in unplaced.because
        ],
        "would_fit_if": [
            {"change": w.change, "cost": w.cost, "plan": write_choice(w.plan)} for w in unplaced.would_fit_if
        ],
    }

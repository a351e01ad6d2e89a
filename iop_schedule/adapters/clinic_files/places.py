"""Places in weekly sessions, as files hold them, answering to the rules of a legal week."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from iop_schedule.adapters.clinic_files import as_domain
from iop_schedule.domain import placement as rules
from iop_schedule.domain.civil_time import first_week, minutes_of_day, monday_of, weeks_within
from iop_schedule.domain.placement import by_hand
from iop_schedule.vocabulary import (
    AgreeableRule,
    EnrollmentStatus,
    Gender,
    GroupGender,
    LevelOfCare,
    Modality,
    ModalityWish,
    Weekday,
    WeekParity,
)

Values = Mapping[str, Any]
#: What a place may break when a row says that it was agreed.
AGREEABLE = frozenset(rules.Rule(rule.value) for rule in AgreeableRule)
#: Tables whose rows `Places` needs.
NEEDED = ("programs", "clients", "keep_apart", "enrollments", "groups", "meetings", "individual_sessions",
          "memberships")  # fmt: skip
#: Nothing is asked of a week but that it can be attended.
_ANY_WEEK = rules.Dose(minutes=0, over_minutes=10_080)


class Places:
    """Everybody's places, by client; each place is judged on its first day.

    Args:
        tables: the rows of each table in `NEEDED`.
    """

    def __init__(self, tables: Mapping[str, Iterable[Values]]) -> None:
        self._programs = {row["code"]: row for row in tables["programs"]}
        self._clients = {row["code"]: row for row in tables["clients"]}
        self._groups = {row["code"]: row for row in tables["groups"]}
        self._sessions = {
            row["code"]: row for name in ("meetings", "individual_sessions") for row in tables[name]
        }
        self._apart: dict[str, list[str]] = defaultdict(list)
        for row in tables["keep_apart"]:
            self._apart[row["client"]].append(row["other"])
            self._apart[row["other"]].append(row["client"])
        self._enrollments: dict[str, list[Values]] = defaultdict(list)
        for row in tables["enrollments"]:
            if row["status"] != EnrollmentStatus.CANCELLED:
                self._enrollments[row["client"]].append(row)
        #: By client: the code of the weekly session and the row that says from when to when.
        self._held: dict[str, list[tuple[str, Values]]] = defaultdict(list)
        for row in tables["memberships"]:
            self._held[row["client"]].append((row["meeting"], row))
        for row in tables["individual_sessions"]:
            self._held[row["client"]].append((row["code"], {**row, "every_other_from": None}))
        self._offers: dict[str, rules.Group] = {}

    def broken(self, session: str, row: Values) -> dict[rules.Rule, str]:
        """Return the rules that one place, in the weekly session called `session`, breaks, each in words."""
        day: date = max(row["from"], self._sessions[session]["from"])
        name = row["client"]
        there = [
            (code, as_domain.place(held).week)
            for code, held in self._held[name]
            if _on(held, day) and _on(self._sessions[code], day)
        ]
        groups = {code: self._offer(code) for code in dict.fromkeys([*(code for code, _ in there), session])}
        person = self._person(name, day)
        others = {
            other: self._choice(together, day)
            for other in person.keep_apart
            if (
                together := [
                    (code, as_domain.place(held).week)
                    for code, held in self._held[other]
                    if code == session and _share_days(held, row)
                ]
            )
        }
        problem = rules.Problem(
            tuple(groups.values()), (person, *(self._person(o, day) for o in others)), alternating=True
        )
        plan = rules.Plan({name: self._choice(there, day), **others})
        found: dict[rules.Rule, str] = {}
        for one in rules.broken_rules(problem, plan):
            if one.client == name and one.rule in AGREEABLE and session in one.meetings:
                names = {code: code for code in groups}
                found.setdefault(one.rule, by_hand.refusal_words(one, name, names, groups))
        if row.get("every_other_from") and not self._program(session)["alternating_weeks"]:
            found[rules.Rule.NOT_ALTERNATING] = f"{session} is attended every week: its program plans so."
        return found

    def _program(self, session: str) -> Values:
        row = self._sessions[session]
        held = self._groups[row["group"]] if "group" in row else row
        return self._programs[held["program"]]

    def _person(self, code: str, day: date) -> rules.Client:
        row = self._clients[code]
        levels = [
            LevelOfCare(self._programs[enrolled["program"]]["level_of_care"])
            for enrolled in self._enrollments[code]
            if _on(enrolled, day)
        ]
        return rules.Client(
            id=code,
            languages=tuple(row["languages"]),
            dose=_ANY_WEEK,
            gender=Gender(row["gender"]),
            modality=ModalityWish(row["modality"]),
            travel_minutes={row["site"]: row["travel_minutes"]},
            keep_apart=tuple(self._apart.get(code, ())),
            levels=frozenset(levels),
        )

    def _offer(self, code: str) -> rules.Group:
        """Return a weekly session as a group of its own; nobody is asked here to take a group whole."""
        if code not in self._offers:
            row = self._sessions[code]
            group = self._groups[row["group"]] if "group" in row else None
            held = group or row
            program, modality = self._programs[held["program"]], Modality(held["modality"])
            start = minutes_of_day(row["start"])
            slot = rules.Meeting(code, Weekday(row["weekday"]), start, start + row["minutes"], seats=10_000)
            plain = rules.Group(
                id=code,
                service_type=held["service_type"],
                modality=modality,
                language=self._clients[row["client"]]["languages"][0] if group is None else group["language"],
                meetings=(slot,),
                site=program["site"] if modality is Modality.IN_PERSON else None,
            )
            self._offers[code] = plain if group is None else _for_whom(plain, group, program)
        return self._offers[code]

    def _choice(self, places: Iterable[tuple[str, WeekParity]], day: date) -> rules.Choice:
        """Return what is attended; sessions of every second week in the weeks they are held."""
        weeks: dict[WeekParity, list[str]] = {WeekParity.A: [], WeekParity.B: []}
        for code, attended in dict.fromkeys(places):
            row = self._sessions[code]
            for week in weeks_within(attended):
                monday = first_week(week, day)
                if (monday - monday_of(row["from"])).days // 7 % row["every_weeks"] == 0:
                    weeks[week].append(code)
        return rules.Alternating(tuple(weeks[WeekParity.A]), tuple(weeks[WeekParity.B]))


def _for_whom(session: rules.Group, group: Values, program: Values) -> rules.Group:
    level = LevelOfCare(program["level_of_care"])
    return replace(session, gender=GroupGender(group["gender"]), level=level)


def _on(row: Values, day: date) -> bool:
    return bool(row["from"] <= day and (row["until"] is None or row["until"] >= day))


def _share_days(one: Values, other: Values) -> bool:
    return as_domain.span(one).shared_with(as_domain.span(other)) is not None

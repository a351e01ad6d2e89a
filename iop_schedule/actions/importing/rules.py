"""What makes a row legal: the same rules as on screen, asked of the clinic as the files would leave it."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from iop_schedule.actions.availability import MOST_COMMITMENTS
from iop_schedule.actions.importing.clinic import SERIES, Booking, Clinic
from iop_schedule.adapters.clinic_files import as_domain
from iop_schedule.adapters.clinic_files.places import NEEDED, Places
from iop_schedule.adapters.clinic_files.problems import Problems
from iop_schedule.adapters.clinic_files.rows import Row
from iop_schedule.adapters.clinic_files.tables import BY_NAME
from iop_schedule.domain.availability import in_words
from iop_schedule.domain.civil_time import BOTH_WEEKS, weeks_within
from iop_schedule.domain.series import Span, WeeklyRule, first_overlap
from iop_schedule.errors import DomainError
from iop_schedule.queries.exporting import NO_ROOM
from iop_schedule.vocabulary import Attend, EnrollmentStatus, OccurrenceStatus, Role, Weekday

_REVERSED = "The last day is before the first. Correct one of them."


class Rules:
    """Judges rows one by one, in the order of the files; what it refuses, it notes and marks."""

    def __init__(self, clinic: Clinic, problems: Problems, used_emails: set[str]) -> None:
        self._clinic, self._problems = clinic, problems
        self._emails = used_emails
        self._checks: dict[str, Callable[[Row], None]] = {
            "sites": self._site,
            "programs": self._program,
            "rooms": self._room,
            "staff": self._staff,
            "clients": self._client,
            "assignments": self._assignment,
            "keep_apart": self._pair,
            "enrollments": self._enrollment,
            "doses": self._dose,
            "pauses": self._pause,
            "closures": self._closure,
            "commitments": self._commitment,
            "groups": self._group,
            "meetings": self._meeting,
            "individual_sessions": self._individual,
            "memberships": self._membership,
            "session_changes": self._session_change,
        }

    def also(self, checks: Mapping[str, Callable[[Row], None]]) -> None:
        """Judge rows of further files by these."""
        self._checks |= checks

    def judge(self, row: Row) -> None:
        """Mark `row` as bad when a rule refuses it."""
        self._checks[row.table.name](row)

    def wrong(self, row: Row, column: str, advice: str) -> None:
        """Note what is wrong with a row and mark it."""
        row.bad = True
        value = row[column] if column else None
        kind = next((c.kind for c in row.table.columns if c.name == column), None)
        written = "" if value is None or value == "" or kind is None else kind.write(value)
        self._problems.add(row.table.file, row.line, column, written, advice)

    def _refused_by_domain(self, row: Row, make: Callable[[], Any]) -> Any:
        """Return what `make` makes; None, and the domain's sentence noted, when it refuses."""
        try:
            return make()
        except DomainError as error:
            column = as_domain.COLUMN_OF.get(error.field or "", error.field or "")
            self.wrong(row, column if column in row.table.header else "", error.message)
            return None

    def find(self, row: Row, column: str, *tables: str, within: str | None = None) -> Row | None:
        """Return the row that `column` names in one of `tables`; None, noted, when there is none.

        A row that names one which was refused is passed over quietly: one mistake, one line.
        """
        code = row[column]
        if code is None:
            return None
        key = (code,) if within is None else (within, code)
        for table in tables:
            found = self._clinic.find(table, *key)
            if found is not None:
                return found
        if any(key in self._clinic.refused[table] for table in tables):
            row.bad = True
            return None
        files = " or ".join(BY_NAME[table].file for table in tables)
        self.wrong(row, column, f"There is no such code in {files} or at your sites. Check the spelling.")
        return None

    def _days(self, row: Row) -> None:
        if row["until"] is not None and row["from"] > row["until"]:
            self.wrong(row, "until", _REVERSED)

    # Places and people

    def _site(self, row: Row) -> None:
        if self._clinic.scope is not None:
            self.wrong(row, "code", "New sites are added by whoever runs the server. Use your own.")

    def _program(self, row: Row) -> None:
        self.find(row, "site", "sites")

    def _room(self, row: Row) -> None:
        self.find(row, "site", "sites")

    def _staff(self, row: Row) -> None:
        if row["role"] == Role.CLIENT:
            self.wrong(row, "role", "Write counselor, case_manager or administrator.")
        for code in row["sites"]:
            if self._clinic.find("sites", code) is None:
                self.wrong(row, "sites", f"There is no site “{code}” among yours. Check sites.csv.")
        if self._clinic.scope is not None and not row["sites"]:
            self.wrong(row, "sites", "Name at least one of your sites.")
        address = row["email"].casefold()
        if address in self._emails:
            self.wrong(row, "email", "This address already belongs to an account. Use another one.")
        self._emails.add(address)

    def _client(self, row: Row) -> None:
        site = self.find(row, "site", "sites")
        consent = row["email_consent_since"]
        if site and consent and consent > self._clinic.today(site["code"]):
            self.wrong(row, "email_consent_since", "This day has not come yet. Write when they agreed.")
        if consent and not row["email"]:
            self.wrong(row, "email", "Fill in the address they agreed to be reminded at.")
        by_text = row["text_consent_since"]
        if site and by_text and by_text > self._clinic.today(site["code"]):
            self.wrong(row, "text_consent_since", "This day has not come yet. Write when they agreed.")
        if by_text and not row["text_number"]:
            self.wrong(row, "text_number", "Fill in the number they agreed to get texts at.")
        if not by_text and (row["text_number"] or row["text_consent_evidence"]):
            self.wrong(row, "text_consent_since", "Write when they agreed to texts, or leave these empty.")

    def _still_counts(self, row: Row, site: str) -> bool:
        """Return True unless the row lies in the past, where people may have left since."""
        return row["until"] is None or row["until"] >= self._clinic.today(site)

    def _assignment(self, row: Row) -> None:
        client, staff = self.find(row, "client", "clients"), self.find(row, "staff", "staff")
        self._days(row)
        if row.bad or client is None or staff is None:
            return
        if not self._still_counts(row, client["site"]):
            return
        if staff["role"] != row["role"]:
            self.wrong(row, "role", f"{staff['code']} is {staff['role']}. Write that, or someone else.")
        if client["site"] not in staff["sites"]:
            self.wrong(row, "staff", f"{staff['code']} does not work at {client['site']}, the client's site.")

    def _pair(self, row: Row) -> None:
        self.find(row, "client", "clients")
        self.find(row, "other", "clients")
        if not row.bad and row["client"] >= row["other"]:
            self.wrong(row, "other", "Write two people, the code that comes first in the alphabet first.")

    # Care

    def _enrollment(self, row: Row) -> None:
        client, program = self.find(row, "client", "clients"), self.find(row, "program", "programs")
        self._days(row)
        if row.bad or client is None or program is None:
            return
        if row["first_contact"] is not None and row["first_contact"] > row["from"]:
            self.wrong(row, "first_contact", "The first contact cannot be after admission.")
        if client["site"] != program["site"] and self._still_counts(row, program["site"]):
            self.wrong(row, "program", f"This program is not at the client's site, {client['site']}.")
        if row["status"] == EnrollmentStatus.CANCELLED:
            return
        own = as_domain.span(row.values)
        for other in self._clinic.enrolled[row["client"]]:
            if other.shared_with(own):
                self.wrong(row, "from", "Already in a program on some of these days. Correct from or until.")
                return

    def _dose(self, row: Row) -> None:
        enrollment = self.find(row, "enrollment", "enrollments")
        if enrollment and row["from"] < enrollment["from"]:
            self.wrong(row, "from", f"A dose cannot begin before admission on {enrollment['from']}.")
        self._refused_by_domain(row, lambda: as_domain.dose(row.values))

    def _pause(self, row: Row) -> None:
        enrollment = self.find(row, "enrollment", "enrollments")
        if enrollment and row["from"] < enrollment["from"]:
            self.wrong(row, "from", f"A pause cannot begin before admission on {enrollment['from']}.")
        pause = self._refused_by_domain(row, lambda: as_domain.pause(row.values))
        if pause and any(pause.overlaps(other) for other in self._clinic.pauses[row["enrollment"]]):
            self.wrong(row, "from", "Some of these days are paused already. Choose other days.")

    def _closure(self, row: Row) -> None:
        site = self.find(row, "site", "sites")
        program = self.find(row, "program", "programs") if row["program"] else None
        self._days(row)
        if site and program and program["site"] != site["code"]:
            self.wrong(row, "program", f"This program is not at {site['code']}.")

    def _commitment(self, row: Row) -> None:
        self.find(row, "client", "clients")
        if row["date"] is not None and row["from"] != row["date"]:
            self.wrong(row, "from", "For a single date, write the same date here.")
        if row["exceptions"] and row["weekday"] is None:
            self.wrong(row, "exceptions", "Only a weekly commitment has exceptions.")
        if len(self._clinic.commitments.get(row["client"], ())) >= MOST_COMMITMENTS:
            self.wrong(row, "client", f"A week holds at most {MOST_COMMITMENTS} commitments. Remove some.")
        self._refused_by_domain(row, lambda: as_domain.commitment(row.values))

    # Weekly sessions

    def _group(self, row: Row) -> None:
        self.find(row, "program", "programs")

    def _meeting(self, row: Row) -> None:
        group = self.find(row, "group", "groups")
        program = self._clinic.find("programs", group["program"]) if group else None
        self._weekly(row, program)

    def _individual(self, row: Row) -> None:
        client, program = self.find(row, "client", "clients"), self.find(row, "program", "programs")
        apart = client and program and client["site"] != program["site"]
        if client and program and apart and self._still_counts(row, program["site"]):
            self.wrong(row, "program", f"This program is not at the client's site, {client['site']}.")
        rule = self._weekly(row, program)
        if rule and client and not row.bad:
            self._client_is_free(row, client, rule, as_domain.span(row.values), row["modality"])

    def _weekly(self, row: Row, program: Row | None) -> WeeklyRule | None:
        leader = self.find(row, "staff", "staff")
        if program is None:
            row.bad = True
            return None
        site = self._clinic.rows["sites"][program["site"],]
        rule: WeeklyRule | None = self._refused_by_domain(
            row, lambda: as_domain.weekly_rule(row.values, site["time_zone"])
        )
        room = self.find(row, "room", "rooms", within=site["code"])
        if self._still_counts(row, site["code"]):
            self._leader_and_room(row, site["code"], leader, room)
        other_kind = SERIES[row.table.name == SERIES[0]]
        if self._clinic.find(other_kind, row["code"]):
            self.wrong(row, "code", f"{BY_NAME[other_kind].file} has this code already. Choose another one.")
        if rule is None or row.bad:
            return None
        self._no_double_booking(row, rule, site["code"])
        return rule

    def _leader_and_room(self, row: Row, site: str, leader: Row | None, room: Row | None) -> None:
        if leader and site not in leader["sites"]:
            self.wrong(row, "staff", f"{leader['code']} does not work at this site, {site}.")
        elif leader and not leader["active"]:
            self.wrong(row, "staff", f"{leader['code']} no longer works here. Write someone else.")
        group = self._clinic.find("groups", row["group"]) if row.table.name == "meetings" else None
        if room and group and room["seats"] < group["seats"]:
            advice = f"This room has {room['seats']} seats, the group {group['seats']}. Write a larger room."
            self.wrong(row, "room", advice)

    def _no_double_booking(self, row: Row, rule: WeeklyRule, site: str) -> None:
        clinic, within = self._clinic, as_domain.span(row.values)
        led = _first_meeting(rule, within, clinic.by_leader[row["staff"], row["weekday"]])
        if led:
            self.wrong(
                row, "staff", f"{row['staff']} already leads {_named(led[1])} then, first on {led[0]}."
            )
        room = row["room"] and clinic.by_room[site, row["room"], row["weekday"]]
        taken = _first_meeting(rule, within, room or ())
        if taken:
            self.wrong(row, "room", f"This room is taken by {_named(taken[1])} then, first on {taken[0]}.")

    def _client_is_free(self, row: Row, client: Row, rule: WeeklyRule, within: Span, modality: str) -> None:
        booked = _first_meeting(rule, within, self._clinic.by_client[client["code"], int(rule.weekday)])
        if booked:
            advice = f"{client['code']} is already in {_named(booked[1])} at that time, first on {booked[0]}."
            self.wrong(row, "client", advice)
        if row["despite_commitments"]:
            return
        clash = as_domain.first_clash(
            rule, within, self._clinic.commitments.get(client["code"], ()),
            trip_minutes=as_domain.trip(client.values, modality),
        )  # fmt: skip
        if clash:
            advice = (
                f"On {clash.slot.day} the client's week holds “{in_words(clash.commitment)}”. Choose another "
                "session, or write yes under despite_commitments if they agreed."
            )
            self.wrong(row, "client", advice)

    def _membership(self, row: Row) -> None:
        client = self.find(row, "client", "clients")
        meeting = self.find(row, "meeting", "meetings")
        self._days(row)
        if row.bad or client is None or meeting is None:
            return
        site = self._clinic.site_of(meeting)
        if client["site"] != site and self._still_counts(row, site):
            self.wrong(row, "meeting", f"This session is not at the client's site, {client['site']}.")
            return
        rule = self._clinic.rules[meeting["code"]]
        within = as_domain.span(row.values).shared_with(as_domain.span(meeting.values))
        if within is None:
            self.wrong(row, "from", "This session is not held on any of these days.")
            return
        theirs = replace(rule, week=as_domain.place(row.values).week)
        if row["every_other_from"] and theirs.next_day(within.first) is None:
            self.wrong(row, "every_other_from", "This session is not held in these weeks.")
            return
        self._client_is_free(row, client, theirs, within, self._clinic.modality_of(meeting))

    def _session_change(self, row: Row) -> None:
        session = self.find(row, "session", *SERIES)
        if row["staff"]:
            self.find(row, "staff", "staff")
        if session is None:
            row.bad = True
            return
        rule, site = self._clinic.rules[session["code"]], self._clinic.site_of(session)
        if row["room"] and row["room"] != NO_ROOM:
            self.find(row, "room", "rooms", within=site)
        if not rule.holds_on(row["date"]):
            self.wrong(row, "date", not_held(session, rule, row["date"]))
            return
        self._changed_time(row, rule)

    def _changed_time(self, row: Row, rule: WeeklyRule) -> None:
        day: date = row["moved_to"] or row["date"]
        if not Weekday(day.weekday()).is_treatment_day:
            self.wrong(row, "moved_to", "This is on a weekend. Sessions are held Monday to Friday.")
            return
        if (
            row["status"] == OccurrenceStatus.NOT_HELD
            and rule.instants_on(row["date"]).start > self._clinic.now
        ):
            self.wrong(row, "status", "This session has not begun; write cancelled, or planned.")
        self._refused_by_domain(row, lambda: changed_rule(rule, row))

    # What only shows when a file has been read to its end

    def finish(self, table: str) -> None:
        """Judge what needs all rows of a file: predecessors and seats."""
        if table in SERIES:
            for row in self._clinic.new[table]:
                if row["continues"]:
                    self._predecessor(row)
        elif table == "memberships":
            self._seats()
            self._whole_groups()

    def _predecessor(self, row: Row) -> None:
        known = self._clinic.series(row["continues"])
        if known is row:
            self.wrong(row, "continues", "A session cannot follow itself.")
        elif known is None:
            self.find(row, "continues", row.table.name)

    def _seats(self) -> None:
        joined: dict[str, list[Row]] = defaultdict(list)
        for row in self._clinic.new["memberships"]:
            joined[row["meeting"]].append(row)
        if not joined:
            return
        everyone: dict[str, list[Row]] = defaultdict(list)
        for row in self._clinic.rows["memberships"].values():
            if row["meeting"] in joined:
                everyone[row["meeting"]].append(row)
        for code, rows in everyone.items():
            group = self._clinic.rows["groups"][self._clinic.rows["meetings"][code,]["group"],]
            for row in _without_seat_in_some_week(rows, group["seats"]):
                advice = f"All {group['seats']} seats are taken on {row['from']}. Choose another session."
                self.wrong(row, "meeting", advice)

    def _whole_groups(self) -> None:
        """Refuse single meetings of a group that is taken whole."""
        meetings: dict[str, list[Row]] = defaultdict(list)
        for meeting in self._clinic.rows["meetings"].values():
            if self._clinic.rows["groups"][meeting["group"],]["attend"] == Attend.ALL:
                meetings[meeting["group"]].append(meeting)
        seen = set()
        for row in self._clinic.new["memberships"]:
            group = self._clinic.rows["meetings"][row["meeting"],]["group"]
            if group not in meetings or (row["client"], group) in seen:
                continue
            seen.add((row["client"], group))
            for meeting in meetings[group]:
                over = meeting["until"] is not None and meeting["until"] < row["from"]
                if not over and (meeting["code"], row["client"]) not in self._clinic.members:
                    advice = f"{group} is taken whole. Add {meeting['code']} for this client too."
                    self.wrong(row, "meeting", advice)
                    break

    def judge_places(self) -> None:
        """Refuse new places that break a rule of a legal week, unless the row says that it was agreed.

        For when all files have been read.
        """
        places: Places | None = None
        for table, session in (("memberships", "meeting"), ("individual_sessions", "code")):
            for row in self._clinic.new[table]:
                if not self._still_counts(row, self._clinic.rows["clients"][row["client"],]["site"]):
                    continue
                places = places or Places(self._clinic.values(NEEDED))
                for rule, words in places.broken(row[session], row.values).items():
                    if rule not in row["despite_rules"]:
                        agreed = f"Or write {rule.value} under despite_rules if that was agreed."
                        self.wrong(row, "client", f"{words} {agreed}")


def _without_seat_in_some_week(rows: Iterable[Row], seats: int) -> list[Row]:
    """Return the new rows that find every seat taken in weeks A or in weeks B."""
    found: dict[int, Row] = {}
    for either in BOTH_WEEKS:
        there = [row for row in rows if either in weeks_within(as_domain.place(row.values).week)]
        found |= {row.line: row for row in _without_seat(there, seats)}
    return [row for _, row in sorted(found.items())]


def _without_seat(rows: Iterable[Row], seats: int) -> list[Row]:
    """Return the new rows that find every seat taken on their first day; stored ones sit first."""
    leaving: list[date] = []
    refused = []
    for row in sorted(rows, key=lambda r: (r["from"], r.line)):
        while leaving and leaving[0] < row["from"]:
            heapq.heappop(leaving)
        if len(leaving) >= seats and row.line:
            refused.append(row)
        else:
            heapq.heappush(leaving, row["until"] or date.max)
    return refused


def _first_meeting(
    rule: WeeklyRule, within: Span, bookings: Iterable[Booking]
) -> tuple[date, Booking] | None:
    """Return the first day on which one of `bookings` wants the same time as `rule`, and which."""
    for booking in bookings:
        shared = booking.within.shared_with(within)
        day = first_overlap(rule, booking.rule, shared) if shared else None
        if day is not None:
            return day, booking
    return None


def _named(booking: Booking) -> str:
    return booking.session or "another session"


def not_held(session: Row, rule: WeeklyRule, day: date) -> str:
    """Return the sentence for a date on which a weekly session does not take place."""
    weekday = Weekday(day.weekday()).name
    if day.weekday() != rule.weekday:
        return f"{session['code']} is held on {Weekday(rule.weekday).name}; {day} is a {weekday}."
    until = rule.until_day or "further notice"
    weeks = "every second week " if rule.every_weeks > 1 else ""
    return f"{session['code']} is held {weeks}from {rule.from_day} until {until}, so not on {day}."


def changed_rule(rule: WeeklyRule, change: Row) -> WeeklyRule:
    """Return a rule that gives the changed session on its one day.

    Raises:
        DomainError: it cannot be held then.
    """
    day: date = change["moved_to"] or change["date"]
    own_break = change["break_minutes"]
    return WeeklyRule(
        weekday=Weekday(day.weekday()),
        local_start=change["start"] or rule.local_start,
        duration_minutes=change["minutes"] or rule.duration_minutes,
        zone=rule.zone,
        from_day=day,
        until_day=day,
        break_minutes=rule.break_minutes if own_break is None else own_break,
    )

"""The time-zone component (VTIMEZONE) that calendar programs need beside a wall-clock time.

icalendar can write one too, but as lists of dates that several readers misread by an hour; yearly
rules are read alike everywhere. See docs/adr for the decision.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard
from icalendar.prop import vDatetime, vRecur, vText, vUTCOffset

from iop_schedule.adapters.ical.posix_rule import Observance, PosixRule, footer_of, parse_rule
from iop_schedule.domain import civil_time

#: Rules are stated as if they had always held; readers look only at the dates of our entries.
_SINCE_YEAR = 1970
#: A zone that every calendar program knows and that needs no rule.
UTC_NAME = "UTC"


@lru_cache(maxsize=128)
def zone_component(zone_name: str, years: range) -> Timezone | None:
    """Return the component for `zone_name`, right for every day of those years, or None.

    Without years there is no day to be right for. None means that yearly rules cannot state the zone
    in these years; write its times in UTC.
    The component is shared between calls: add it to calendars, never change it.

    Raises:
        UnknownZone: `zone_name` is not an IANA name.
    """
    tz = civil_time.zone(zone_name)
    rule = parse_rule(footer_of(zone_name) or "")
    if rule is None or not rule.agrees_with(tz, years):
        return None
    return _component(zone_name, rule)


@lru_cache(maxsize=1)
def utc_component() -> Timezone:
    """Return the component for UTC, which keeps a calendar without any entry valid."""
    component = _component(UTC_NAME, PosixRule((Observance(UTC_NAME, timedelta(0), None),)))
    if component is None:  # pragma: no cover - a zone without changes can always be stated
        raise AssertionError
    return component


def _component(zone_name: str, rule: PosixRule) -> Timezone | None:
    component = Timezone()
    component["TZID"] = vText(zone_name)
    higher = max(observance.offset for observance in rule.observances)
    for index, observance in enumerate(rule.observances):
        before = rule.observances[index - 1].offset
        # Ireland's law calls winter time the exception; readers expect the later clock as DAYLIGHT.
        is_daylight = before != observance.offset == higher
        part = TimezoneDaylight() if is_daylight else TimezoneStandard()
        if not _add_observance(part, observance, before):
            return None
        component.add_component(part)
    return component


def _add_observance(
    part: TimezoneDaylight | TimezoneStandard, observance: Observance, before: timedelta
) -> bool:
    """Fill `part`; return False when the change cannot be stated as a yearly rule."""
    begins = observance.begins
    # VTIMEZONE onsets are wall clock without a zone, read with the offset before the change.
    onset = begins.in_year(_SINCE_YEAR) if begins else datetime(_SINCE_YEAR, 1, 1)  # noqa: DTZ001
    part["DTSTART"] = vDatetime(onset)
    if begins is not None:
        recurrence = begins.recurrence()
        if recurrence is None:
            return False
        part["RRULE"] = vRecur.from_ical(recurrence)
    part["TZNAME"] = vText(observance.name)
    part["TZOFFSETFROM"] = vUTCOffset(before)
    part["TZOFFSETTO"] = vUTCOffset(observance.offset)
    return True

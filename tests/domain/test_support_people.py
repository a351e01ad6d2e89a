"""What a link tells, and to whom a list may grow."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from iop_schedule.domain.support_people import (
    BadSupportPerson,
    LinkAnswer,
    LinkFacts,
    called,
    last_day,
    link_answer,
    relation_words,
)

START = datetime(2026, 3, 12, 18, tzinfo=UTC)
FACTS = LinkFacts(
    is_ended=False, expires_on=date(2026, 3, 26), told_start_at=START, starts_at=START,
    ends_at=START + timedelta(minutes=50), takes_place=True,
)  # fmt: skip
LATER = timedelta(days=7)
MOVED = replace(FACTS, starts_at=START + LATER, ends_at=FACTS.ends_at + LATER)
FAR = replace(FACTS, starts_at=START + 3 * LATER, ends_at=FACTS.ends_at + 3 * LATER)


@pytest.mark.parametrize(
    ("facts", "now", "says"),
    [
        (FACTS, START - LATER, LinkAnswer.PLANNED),
        (FACTS, FACTS.ends_at - timedelta(seconds=1), LinkAnswer.PLANNED),
        (FACTS, FACTS.ends_at, LinkAnswer.NOTHING),
        (replace(FACTS, takes_place=False), START - LATER, LinkAnswer.CANCELLED),
        (replace(FACTS, takes_place=False), FACTS.ends_at, LinkAnswer.NOTHING),
        (replace(FACTS, is_ended=True), START - LATER, LinkAnswer.NOTHING),
        (replace(FACTS, is_ended=True, takes_place=False), START - LATER, LinkAnswer.NOTHING),
        (MOVED, START, LinkAnswer.MOVED),
        (FAR, START + timedelta(days=14), LinkAnswer.MOVED),
        (FAR, START + timedelta(days=15), LinkAnswer.NOTHING),
    ],
)
def test_a_link_tells_of_its_session_until_it_is_over_or_taken_back(
    facts: LinkFacts, now: datetime, says: LinkAnswer
) -> None:
    assert link_answer(facts, today=now.date(), now=now) is says


def test_a_consent_holds_two_weeks_longer_than_the_day_it_is_for() -> None:
    assert last_day(date(2026, 12, 24)) == date(2027, 1, 7)


def test_names_are_kept_as_said_and_neither_empty_nor_endless() -> None:
    assert (called("  my  sister Ng  "), relation_words(" ")) == ("my sister Ng", "")
    for refused in (lambda: called(" \t"), lambda: called("x" * 61), lambda: relation_words("x" * 61)):
        with pytest.raises(BadSupportPerson):
            refused()

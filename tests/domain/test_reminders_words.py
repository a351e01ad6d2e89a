"""Wordings in two languages, their length as texts, and what somebody means who answers one."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain import civil_time
from iop_schedule.domain.reminders import (
    BUILT_IN,
    Meaning,
    NotNeutral,
    Wording,
    check_wording,
    day_values,
    fill,
    meaning_of,
    telling_words,
    text_length,
    week_values,
)
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import Channel, DeliveryPurpose

NEW_YORK = civil_time.zone("America/New_York")
DAYS = st.dates(min_value=date(2024, 1, 1), max_value=date(2035, 12, 31))


@pytest.mark.parametrize("key", BUILT_IN, ids=str)
def test_what_we_begin_with_passes_our_own_check(key: tuple[DeliveryPurpose, Channel, str]) -> None:
    check_wording(BUILT_IN[key], key[0], key[1])


@pytest.mark.parametrize("channel", Channel)
def test_everything_a_client_reads_is_there_in_both_languages(channel: Channel) -> None:
    for_clients = {purpose for purpose in DeliveryPurpose if purpose.consent is not None}
    written = {(purpose, language) for purpose, via, language in BUILT_IN if via is channel}
    assert {(purpose, language) for purpose in for_clients for language in ("en", "es")} <= written


@given(DAYS, st.times(), st.integers(1, 3))
def test_every_text_is_neutral_and_costs_one_segment_in_either_language(
    day: date, wall: time, count: int
) -> None:
    monday = civil_time.monday_of(day)
    week = [civil_time.instant(monday + timedelta(days=n), wall, NEW_YORK) for n in range(5)]
    for (_, channel, language), wording in BUILT_IN.items():
        if channel is not Channel.SMS:
            continue
        values = {
            **day_values(week[day.weekday() % 5 :][:1] * count, NEW_YORK, language),
            **week_values(week, NEW_YORK, language, channel),
            "code": "123456",
        }
        text = fill(wording, values).text
        assert telling_words(text) == []
        assert (text_length(text).segments, text_length(text).costly) == (1, ())


def test_a_week_is_a_line_a_day_by_mail_and_short_by_text() -> None:
    starts = [
        civil_time.instant(date(2026, 3, day), datetime(2026, 3, 5, 9).time(), NEW_YORK) for day in (9, 11)
    ]
    assert week_values(starts, NEW_YORK, "es", Channel.EMAIL)["days"] == (
        "lun 9 mar a las 9:00 am\nmié 11 mar a las 9:00 am"
    )
    assert week_values(starts, NEW_YORK, "en", Channel.SMS)["days"] == "Mon 9:00 am, Wed 9:00 am"


@pytest.mark.parametrize(
    ("text", "characters", "segments", "costly"),
    [
        ("", 0, 1, ()),
        ("a" * 160, 160, 1, ()),
        ("a" * 161, 161, 2, ()),
        ("a" * 306, 306, 2, ()),
        ("a" * 307, 307, 3, ()),
        ("€" * 80, 80, 1, ()),
        ("€" * 81, 81, 2, ()),
        ("ñéü" * 50, 150, 1, ()),
        ("á" * 70, 70, 1, ("á",)),
        ("á" * 71, 71, 2, ("á",)),
        ("😀" * 35, 35, 1, ("😀",)),
        ("😀" * 36, 36, 2, ("😀",)),
    ],
)
def test_texts_are_counted_as_phone_companies_do(
    text: str, characters: int, segments: int, costly: tuple[str, ...]
) -> None:
    found = text_length(text)
    assert (found.characters, found.segments, found.costly) == (characters, segments, costly)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("See you in group on {day}", NotNeutral),
        ("Su cita de terapia el {day}", NotNeutral),
        ("recuperación {day}", NotNeutral),
        ("Come {day} {name.__class__}", NotPossible),
        ("Come {}", NotPossible),
        ("Come {day}}", NotPossible),
        ("{code}", NotPossible),
        ("Meet Elm Street on {day}", NotNeutral),
        ("   ", NotPossible),
    ],
)
def test_a_wording_that_tells_or_breaks_is_refused(body: str, error: type[Exception]) -> None:
    wording = Wording("Appointment", body)
    with pytest.raises(error):
        check_wording(
            wording, DeliveryPurpose.REMINDER, Channel.EMAIL, private_names=frozenset({"Elm Street"})
        )


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_filled_in_is_never_filled_again(subject: str, body: str) -> None:
    values = {"what": "{day}", "day": "{what}", "time": "{name}", "name": "", "link": ""}
    filled = fill(Wording(subject, body), values)
    assert "{time}" not in filled.text or "{time}" in body


def test_a_greeting_without_a_name_leaves_no_hole() -> None:
    wording = Wording("s", "Hello {name},\n\nCome on {day}.\nBye")
    assert fill(wording, {"day": "Mon", "name": ""}).text == "Come on Mon.\nBye"
    assert fill(wording, {"day": "Mon", "name": "Ana"}).text == "Hello Ana,\n\nCome on Mon.\nBye"


SAID = {
    Meaning.STOP: (
        "STOP", "stop.", "Stop!!", "STOPALL", "end", "Quit", "CANCEL", "unsubscribe", "revoke", "opt out",
        "OPT-OUT", "please stop", "Please stop texting me", "stop sending me these messages", "no more texts",
        "don't text me anymore", "do not contact me again", "Don’t message me", "I don't want these texts",
        "remove me", "take me off your list", "leave me alone", "wrong number", "Stop it", "STOP 2",
        "alto", "Basta", "no más mensajes", "no me escriban más", "NO MANDEN MAS MENSAJES", "dejen de escribirme",
        "darme de baja", "número equivocado",
    ),
    Meaning.HELP: ("HELP", "help?", "info", "Ayuda"),
    Meaning.START: ("START", "unstop", "Start."),
    Meaning.COMING: ("1", " 1 ", "1.", "1 thanks", "yes", "Sí", "si!", "OK", "I'm coming", "voy"),
    Meaning.CANNOT: ("2", "2, sorry", "No", "can't come", "I can’t make it", "no puedo ir"),
    Meaning.OTHER: (
        "", "?", "thanks", "see you at 3", "where do I park", "I will stop by the store first",
        "12", "3", "is there no more room", "x" * 2000,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "meaning"), [(text, meaning) for meaning, texts in SAID.items() for text in texts]
)
def test_what_people_answer_is_understood(text: str, meaning: Meaning) -> None:
    assert meaning_of(text) is meaning


@given(st.text(max_size=300))
def test_nothing_anybody_writes_breaks_us(text: str) -> None:
    assert meaning_of(text) in Meaning

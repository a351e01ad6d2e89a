"""What staff note for a client about one session."""

from collections.abc import Iterator

from flask_wtf import FlaskForm
from wtforms.validators import InputRequired, NumberRange

from iop_schedule.domain.notices import LONGEST_DELAY, REASON_WORDS
from iop_schedule.queries.make_ups import OptionWords
from iop_schedule.queries.own_sessions import Choices
from iop_schedule.web.forms.fields import RadioChoiceField, WholeNumberField, options
from iop_schedule.web.presenting import in_hours, of_hours, time_range

NONE, CALL = "none", "call"
#: How many make-ups staff choose from, the best.
SHOWN = 8


class AbsenceForm(FlaskForm):  # type: ignore[misc]
    """Why a client cannot come, and what makes up for it."""

    reason = RadioChoiceField(
        "Why",
        choices=options((reason, words[:1].upper() + words[1:]) for reason, words in REASON_WORDS.items()),
    )
    choice = RadioChoiceField("Make-up")

    #: What each option comes to, by its value; printed below it.
    hints: dict[str, str]

    def offer(self, choices: Choices) -> None:
        """Fill in what makes up for the session; what cannot be told any more is left out."""
        own = choices.own
        if not own.can_tell and "reason" in self:
            del self.reason
        offered = () if own.booked or own.makes_up else choices.options[:SHOWN]
        self.hints = {str(one.session.occurrence_id): _comes_to(one) for one in offered}
        rest = [(CALL, "They would like a call")] if own.can_tell and not own.makes_up else []
        self.choice.choices = options([*_pairs(offered), *rest, (NONE, "None for now")])

    @property
    def make_up_id(self) -> int | None:
        """Return the session chosen; call after `validate`."""
        return None if self.choice.data in {NONE, CALL} else int(self.choice.data)


def _pairs(offered: tuple[OptionWords, ...]) -> Iterator[tuple[int, str]]:
    for one in offered:
        held = one.session
        when = f"{held.starts:%a, %b} {held.starts.day}, {time_range(held.starts, held.ends)}"
        yield held.occurrence_id, f"{when}, {held.title}"


def _comes_to(option: OptionWords) -> str:
    held = option.session
    parts = [f"{held.room}, with {held.leader}"]
    if option.goal_minutes:
        parts.append(f"{of_hours(option.week_minutes, option.goal_minutes)} that week")
    if not option.is_whole:
        parts.append(f"makes up {in_hours(option.restores_minutes)}")
    if not option.cancels_the_miss:
        parts.append("brings the hours; too far away to cancel the miss")
    parts += [f"at the same time: {words}" for words in option.instead_of]
    return "; ".join(parts)


class DelayForm(FlaskForm):  # type: ignore[misc]
    """How late a client will be."""

    minutes = WholeNumberField(
        "Minutes late",
        [
            InputRequired("Enter how many minutes late they will be."),
            NumberRange(1, LONGEST_DELAY, f"Enter 1 to {LONGEST_DELAY} minutes."),
        ],
    )

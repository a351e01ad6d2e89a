"""Which of a person's wishes a week keeps; facts that a page can word."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from iop_schedule.domain.placement.objective import part_of_day
from iop_schedule.domain.placement.problem import Client, Offer
from iop_schedule.vocabulary import DayPart, Modality, ModalityWish, Weekday, WeekParity


@dataclass(frozen=True, slots=True)
class WishesKept:
    """What of a person's wishes a week keeps; meetings by their ids."""

    #: The wished part of the day, and the meetings in it.
    time: DayPart
    at_time: tuple[str, ...]
    #: Days of the week that suit best, and those on which the person would rather not come.
    liked_days: tuple[Weekday, ...]
    disliked_days: tuple[Weekday, ...]
    #: A counselor was wished for, and the meetings they lead.
    wants_counselor: bool
    with_counselor: tuple[str, ...]
    #: For someone who can attend either way: which suits better, and the meetings held that way.
    modality: Modality | None
    in_modality: tuple[str, ...]
    #: Meetings led by somebody who leads one that the person attends today.
    counselor_as_before: tuple[str, ...]


def wishes_kept(client: Client, chosen: Sequence[Offer], known: Mapping[str, Offer]) -> WishesKept:
    """Return which of the client's wishes the chosen meetings keep.

    Args:
        client: whose week it is.
        chosen: its meetings.
        known: all meetings by id, to see who leads those the client attends today.
    """
    wish = client.preferences
    modality = client.prefers_modality if client.modality is ModalityWish.EITHER else None
    before = {known[m].counselor for m in client.attends(WeekParity.EVERY) if m in known} - {None}
    days = sorted({one.meeting.weekday for one in chosen})
    return WishesKept(
        time=wish.time,
        at_time=_ids(chosen, lambda one: part_of_day(one.meeting.start) is wish.time),
        liked_days=tuple(day for day in days if wish.weekdays.get(day, 0) > 0),
        disliked_days=tuple(day for day in days if wish.weekdays.get(day, 0) < 0),
        wants_counselor=wish.counselor is not None,
        with_counselor=_ids(chosen, lambda one: wish.counselor in {one.counselor} - {None}),
        modality=modality,
        in_modality=_ids(chosen, lambda one: one.group.modality is modality),
        counselor_as_before=_ids(chosen, lambda one: one.counselor in before),
    )


def _ids(chosen: Sequence[Offer], is_kept: Callable[[Offer], bool]) -> tuple[str, ...]:
    return tuple(one.id for one in chosen if is_kept(one))

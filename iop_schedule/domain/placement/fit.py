"""Whether one meeting fits one person, and whether two meetings fit each other for that person."""

from collections.abc import Iterator

from iop_schedule.domain.placement.problem import Client, Commitment, Group, Offer
from iop_schedule.vocabulary import Gender, GroupGender, Modality, ModalityWish, WeekParity


def travel_minutes(client: Client, offer: Offer) -> int:
    """Return the minutes before and after the meeting that getting there takes; none for telehealth."""
    return 0 if offer.place is None else client.travel_minutes.get(offer.place, 0)


def speaks(client: Client, group: Group) -> bool:
    """Return True when the group is held in one of the client's languages."""
    return group.language in client.languages


def gender_welcome(client: Client, group: Group) -> bool:
    """Return True when the group is for everyone or for the client's gender."""
    wanted = group.gender
    return wanted is GroupGender.ANY or (
        client.gender is not Gender.UNSPECIFIED and wanted.value == client.gender.value
    )


def level_suits(client: Client, group: Group) -> bool:
    """Return True when the group is at a level of care the client is enrolled at, or that decides nothing."""
    return group.level is None or not client.levels or group.level in client.levels


def suits(client: Client, group: Group) -> bool:
    """Return True when level, language, gender and modality of the group are right for the client."""
    return (
        level_suits(client, group)
        and speaks(client, group)
        and gender_welcome(client, group)
        and modality_suits(client, group.modality)
    )


def modality_suits(client: Client, modality: Modality) -> bool:
    """Return True when the client can attend that way."""
    return client.modality is ModalityWish.EITHER or client.modality.value == modality.value


def overlapped(client: Client, offer: Offer, week: WeekParity) -> Iterator[Commitment]:
    """Yield the commitments, hard and soft, that share time with the meeting or the way to and from it.

    `week` EVERY asks about both weeks. Travel is counted on the meeting's own day.
    """
    for commitment in client.on_day.get(offer.meeting.weekday, ()):
        if commitment.holds_in(week):
            start, end = needed_beside(client, offer, commitment)
            if commitment.start < end and start < commitment.end:
                yield commitment


def needed_beside(client: Client, offer: Offer, commitment: Commitment) -> tuple[int, int]:
    """Return the stretch `[start, end)` that the meeting needs beside a commitment: itself and the way.

    Beside something at a site, the way there counts too; beside something at the same site, none does.
    """
    travel = travel_minutes(client, offer)
    if commitment.site is not None:
        there = client.travel_minutes.get(commitment.site, 0)
        travel = 0 if commitment.site == offer.place else max(travel, there)
    return offer.meeting.start - travel, offer.meeting.end + travel


def overlap(one: Offer, other: Offer) -> bool:
    """Return True when the two meetings share time."""
    a, b = one.meeting, other.meeting
    return a.weekday == b.weekday and a.start < b.end and b.start < a.end


def travel_overlaps(client: Client, one: Offer, other: Offer) -> bool:
    """Return True when the way to or from one of them runs into the other.

    Only where they differ in site or modality: between two meetings at one site nobody travels.
    """
    a, b = one.meeting, other.meeting
    if a.weekday != b.weekday or one.place == other.place:
        return False
    gap = max(travel_minutes(client, one), travel_minutes(client, other))
    return a.start < b.end + gap and b.start - gap < a.end


def clash(client: Client, one: Offer, other: Offer) -> bool:
    """Return True when the client cannot attend both."""
    return overlap(one, other) or travel_overlaps(client, one, other)

"""Telling a client that something new waits for them: that, and nothing else, once for each thing."""

from collections.abc import Collection, Sequence
from datetime import datetime

from iop_schedule.actions.reminders.planning import hold_back, put
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.reminders import key_of, word_from_staff
from iop_schedule.models import Client
from iop_schedule.queries.contacts import OUTSIDE
from iop_schedule.queries.occasions import words_from_staff
from iop_schedule.vocabulary import Channel, DeliveryPurpose

#: What is new for one client: what it is, its number, and when it was decided where that can happen again.
About = tuple[str | int | datetime, ...]


def tell_news(client: Client, about: About, *, channels: Sequence[Channel] = OUTSIDE, now: datetime) -> None:
    """Put a word to a client into the outbox, inside the caller's transaction: something new waits for them.

    It goes the first way they agreed to, outside their quiet hours, and into the application for those who
    have an account. When it is due it says nothing any more if nothing of `now` or later still stands
    (`queries.news.has_news`).

    Args:
        client: who is told.
        about: what is new for this client, such as `("offer", 7)`; the same is told once.
        channels: those that are set up here, the best first.
        now: when it was decided.
    """
    today = local_day(now, zone(client.site.zone))
    words = words_from_staff(client.id, [*channels, Channel.IN_APP], today, purpose=DeliveryPurpose.NEWS)
    possible = [word for word in words if word.why_not() is None]
    outside = [word for word in possible if word.reach.channel is not Channel.IN_APP]
    inside = [word for word in possible if word.reach.channel is Channel.IN_APP]
    for word in (*outside[:1], *inside):
        put(word_from_staff(word, key=_key(about, word.reach.channel), day=today, now=now))


def take_back_news(
    client: Client,
    about: Collection[About],
    taken_back: About,
    *,
    channels: Sequence[Channel] = OUTSIDE,
    now: datetime,
) -> bool:
    """Tell a client who has heard of something that it is so no longer; who has not never hears of it.

    Args:
        client: who was told, or was about to be.
        about: what they were told of.
        taken_back: what is new now.
        channels: those that are set up here, the best first.
        now: when it was taken back.

    Returns:
        Whether they had heard of it.
    """
    heard = hold_back([_key(one, channel) for one in about for channel in Channel])
    if heard:
        tell_news(client, taken_back, channels=channels, now=now)
    return heard


def _key(about: About, channel: Channel) -> str:
    parts = (int(one.timestamp()) if isinstance(one, datetime) else one for one in about)
    return key_of(DeliveryPurpose.NEWS, *parts, channel)

"""Telling a client that something new waits for them: that, and nothing else, once for each thing."""

from collections.abc import Sequence
from datetime import datetime

from iop_schedule.actions.reminders.planning import put_again
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.reminders import key_of, word_from_staff
from iop_schedule.models import Client
from iop_schedule.queries.contacts import OUTSIDE
from iop_schedule.queries.occasions import words_from_staff
from iop_schedule.vocabulary import Channel, DeliveryPurpose


def tell_news(
    client: Client, about: tuple[str, int], *, channels: Sequence[Channel] = OUTSIDE, now: datetime
) -> None:
    """Put a word to a client into the outbox, inside the caller's transaction: something new waits for them.

    It goes the first way they agreed to, outside their quiet hours, and into the application for those who
    have an account. When it is due it says nothing any more if nothing of `now` or later still stands
    (`queries.news.has_news`).

    Args:
        client: who is told.
        about: what is new for this client, such as `("offer", 7)`; the same is told once, and again
            only when it was held back.
        channels: those that are set up here, the best first.
        now: when it was decided.
    """
    today = local_day(now, zone(client.site.zone))
    words = words_from_staff(client.id, [*channels, Channel.IN_APP], today, purpose=DeliveryPurpose.NEWS)
    possible = [word for word in words if word.why_not() is None]
    outside = [word for word in possible if word.reach.channel is not Channel.IN_APP]
    inside = [word for word in possible if word.reach.channel is Channel.IN_APP]
    for word in (*outside[:1], *inside):
        key = key_of(DeliveryPurpose.NEWS, *about, word.reach.channel)
        put_again(word_from_staff(word, key=key, day=today, now=now))

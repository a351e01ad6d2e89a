"""What the invented clinic has told its people lately: planned and sent as it would have been."""

from datetime import datetime, timedelta

from iop_schedule.actions import reminders
from iop_schedule.adapters.messages import NullMessages, Outgoing, Refused, Unsure
from iop_schedule.models import Standstill
from iop_schedule.models.base import write_transaction
from iop_schedule.vocabulary import Channel, StopReason

#: So many evenings back; each sends the reminders of the day after.
EVENINGS = 1
#: When each is looked at, in hours of UTC: five in the East, five in the West.
HOURS = (22, 25)


#: So long ago somebody turned the computer off in the evening, and on again before anything was due.
NIGHT_WITHOUT = timedelta(days=6)


class _Provider(NullMessages):
    """Takes everything but now and then a message, so that there is something to look at."""

    def send(self, outgoing: Outgoing) -> str:
        """Take the message, refuse it, or leave it in doubt."""
        number = len(self.sent)
        super().send(outgoing)
        if number % 23 == 7:  # noqa: PLR2004 - one in so many
            raise Refused("reply 550", stops=StopReason.BOUNCED)  # noqa: EM101 - a category
        if number % 29 == 11:  # noqa: PLR2004
            raise Unsure("TimeoutError")  # noqa: EM101 - a category
        return ""


def add_messages(*, now: datetime) -> None:
    """Let the last evenings pass once more: plan, then send. One night not long ago nothing ran."""
    night = now.replace(hour=7, minute=10, second=0, microsecond=0) - NIGHT_WITHOUT
    with write_transaction() as session:
        session.add(Standstill(began_at=night, ended_at=night + timedelta(hours=4, minutes=30)))
    doors = {
        Channel.EMAIL: _Provider(repeats_when_unsure=0),
        Channel.SMS: _Provider(repeats_when_unsure=0),
    }
    for back in range(EVENINGS, -1, -1):
        for hour in HOURS:
            at = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=back)
            at += timedelta(hours=hour)
            if at >= now:
                return
            reminders.plan_reminders(now=at)
            for channel in Channel:
                while reminders.deliver(channel, doors=doors, now=at + timedelta(minutes=5)):
                    pass

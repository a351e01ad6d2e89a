"""The outbox at work: plan, hand over, settle what was left hanging.

A message is armed (facts read again, lease and mark committed) before it is handed over, and finished
after. Between the two a crash leaves it *attempting*; `settle_overdue` finds it, and asks the provider
where it can be asked. So nothing is lost silently, and nothing is sent twice without the outbox saying so.
"""

from iop_schedule.actions.reminders.allowance import Allowances, take_allowance
from iop_schedule.actions.reminders.arming import LEASE
from iop_schedule.actions.reminders.handing_over import BATCH, STANDS_SECONDS, deliver
from iop_schedule.actions.reminders.letters import Letterhead, contact_code, delivery_behind, link_token
from iop_schedule.actions.reminders.planning import plan_reminders
from iop_schedule.actions.reminders.rows import Done, Step
from iop_schedule.actions.reminders.settling import settle_overdue

__all__ = [
    "BATCH",
    "LEASE",
    "STANDS_SECONDS",
    "Allowances",
    "Done",
    "Letterhead",
    "Step",
    "contact_code",
    "deliver",
    "delivery_behind",
    "link_token",
    "plan_reminders",
    "settle_overdue",
    "take_allowance",
]

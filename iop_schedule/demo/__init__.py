"""An invented clinic that looks lived in, for trying the product out. Nobody in it is real."""

from iop_schedule.demo.clinic import DemoAccount, load_demo_clinic
from iop_schedule.demo.outreach import add_outreach

__all__ = ["DemoAccount", "add_outreach", "load_demo_clinic"]

"""An invented clinic that looks lived in, for trying the product out. Nobody in it is real."""

from iop_schedule.demo.clinic import DemoAccount, load_demo_clinic

__all__ = ["DemoAccount", "load_demo_clinic"]

"""Pressing things as people do: counted, and with what a press leads to waited for."""

from playwright.sync_api import Locator


def follow(thing: Locator) -> None:
    """Press what leads to another page, and wait until all of that page is there, with its scripts."""
    with thing.page.expect_navigation():
        thing.click()


class Hand:
    """Presses things, and counts how often."""

    def __init__(self) -> None:
        self.actions = 0

    def press(self, thing: Locator) -> None:
        """Press what stays on its page."""
        thing.click()
        self.actions += 1

    def follow(self, thing: Locator) -> None:
        """Press what leads to another page, and wait for that one."""
        follow(thing)
        self.actions += 1

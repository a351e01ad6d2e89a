"""One clinic, one server and one Chromium for all browser tests; a fresh context for each of them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright

from tests.browser.health import WIDE, Watch
from tests.browser.serve import NOW
from tests.conftest import ASSETS

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
ROOT = Path(__file__).parents[2]
#: A page that is going to do something has done it by then, on however slow a machine.
MOST_PATIENCE_MS = 120_000
expect.set_options(timeout=MOST_PATIENCE_MS)


@dataclass(frozen=True)
class Clinic:
    """The running server and how to sign in; everybody invented has the same password."""

    url: str
    password: str
    #: The session of everyone who has signed in, by address.
    sessions: dict[str, StorageState] = field(default_factory=dict)


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """The invented clinic, served on a free port until the last test is over."""
    folder = tmp_path_factory.mktemp("clinic")
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.serve", str(folder), str(ASSETS)],
            stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert line, (folder / "log").read_text()[-2000:]
            ready = json.loads(line)
            yield Clinic(ready["url"], ready["accounts"][0]["password"])
        finally:
            server.terminate()
            server.wait(timeout=120)
            if server.stdout is not None:
                server.stdout.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The installed Chromium."""
    assert CHROMIUM.exists(), "Chromium is not installed; run: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def known() -> set[int]:
    """The shapes of all pages that some test has looked at."""
    return set()


@pytest.fixture
def watch(clinic: Clinic, known: set[int]) -> Iterator[Watch]:
    """Whatever goes wrong in any page of the test fails it at its end."""
    noted = Watch(clinic.url, known)
    yield noted
    assert noted.problems == []


Visit = Callable[..., Page]


@pytest.fixture
def visit(clinic: Clinic, chromium: Browser, watch: Watch) -> Iterator[Visit]:
    """A maker of pages: `visit(email, path)` signs in once per person and goes there."""
    contexts: list[BrowserContext] = []

    def go(
        email: str,
        path: str = "/",
        *,
        script: bool = True,
        size: tuple[int, int] = WIDE,
        zone: str = "America/New_York",
        standing_clock: bool = True,
    ) -> Page:
        if email and email not in clinic.sessions:
            clinic.sessions[email] = _sign_in(clinic, chromium, email)
        context = chromium.new_context(
            base_url=clinic.url,
            storage_state=clinic.sessions.get(email),
            java_script_enabled=script,
            viewport={"width": size[0], "height": size[1]},
            timezone_id=zone,
            locale="en-US",
            reduced_motion="reduce",  # nothing is looked at or pressed while it moves
            accept_downloads=False,
        )
        context.set_default_timeout(MOST_PATIENCE_MS)
        if standing_clock:  # service workers keep real time, whatever a page is told
            context.clock.set_fixed_time(NOW)
        contexts.append(context)
        watch.over(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield go
    for context in contexts:
        context.close()


def _sign_in(clinic: Clinic, chromium: Browser, email: str) -> Any:
    context = chromium.new_context(base_url=clinic.url)
    context.set_default_timeout(MOST_PATIENCE_MS)
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(clinic.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    state = context.storage_state()
    context.close()
    return state

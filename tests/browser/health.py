"""What makes a page a healthy one: no finding of axe, no error in the console, nothing from elsewhere."""

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, WIDE = (390, 844), (1280, 860)
#: Only these rules see colors; a page is otherwise the same in the dark.
COLOR_RULES = ["color-contrast", "link-in-text-block"]
RUN = "options => axe.run(document, options)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Watch:
    """Notes everything that goes wrong in the pages of one context."""

    origin: str
    problems: list[str] = field(default_factory=list)
    #: True while axe runs: it tries styles of its own, which our policy refuses.
    looks_away: bool = False

    def over(self, context: BrowserContext) -> None:
        """Listen to every page of `context`."""
        context.on("request", self._request)
        context.on("page", self._page)

    def _page(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        # A page that says that something does not exist or is to be corrected is no mistake of its own.
        expected = any(f"status of {status}" in message.text for status in (403, 404, 409, 422))
        expected = expected or "net::ERR_INTERNET_DISCONNECTED" in message.text
        if message.type in {"error", "warning"} and not expected and not self.looks_away:
            self.problems.append(f"{message.location.get('url')}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.origin + "/", "data:", "blob:")):
            self.problems.append(f"a request to {request.url}")


def findings(page: Page, watch: Watch) -> list[str]:
    """Return what axe and a ruler find on the page as it is, on a phone, a screen, and in the dark."""
    watch.looks_away = True
    try:
        return _findings(page)
    finally:
        watch.looks_away = False


def _findings(page: Page) -> list[str]:
    page.evaluate(AXE_SCRIPT)
    found: list[str] = []
    for name, (width, height), theme in (
        ("wide", WIDE, "light"), ("phone", PHONE, "light"), ("dark phone", PHONE, "dark"),
    ):  # fmt: skip
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.evaluate("scrollTo(0, 0)")  # what lies under a sticky bar would count as too small to press
        found += [f"{name}: {what}" for what in _axe(page, only_colors=theme == "dark")]
        beyond = page.evaluate(OVERFLOW)
        if beyond > 0:
            found.append(f"{name}: {beyond} px wider than the screen")
    page.emulate_media(color_scheme="light")
    return found


def _axe(page: Page, *, only_colors: bool) -> list[str]:
    chosen = {"type": "rule", "values": COLOR_RULES} if only_colors else {"type": "tag", "values": TAGS}
    result: dict[str, Any] = page.evaluate(
        RUN, {"runOnly": chosen, "resultTypes": ["violations", "incomplete"], "elementRef": False}
    )
    found = [
        f"{rule['id']}: {node['target']} {node['html'][:160]}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]
    # Text of the color of its background is filed under “incomplete”.
    invisible = [
        f"invisible text: {node['target']}"
        for rule in result["incomplete"]
        for node in rule["nodes"]
        for check in (*node["any"], *node["all"], *node["none"])
        if (check.get("data") or {}) and _is_equal_ratio(check["data"])
    ]
    return found + invisible


def _is_equal_ratio(data: Any) -> bool:
    return isinstance(data, dict) and data.get("messageKey") == "equalRatio"

"""What makes a page a healthy one: no finding of axe, no error in the console, nothing from elsewhere.

Looking with axe takes longest, so it looks at each thing once: at the first three of rows that are alike, and
in all tests together only at what is new. Two elements are alike when they and everything around them have the same tags,
classes and states, and both or neither have words.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, WIDE = (390, 844), (1280, 860)
#: Only these rules see colors; a page is otherwise the same in the dark.
COLOR_RULES = ["color-contrast", "link-in-text-block"]
#: Three rows that differ in nothing but their words are enough to look at.
OFTEN = 3
#: The shapes of a page, as numbers: of every element the way to it, with what our stylesheet and axe can tell
#: apart; which heading or landmark follows which; and any id it gives twice. Returned are those that are not in
#: `known`; lists go to and fro as one text, which is far quicker. Marked for axe to pass over is
#: what repeats, and what holds nothing that is not in `known`; but never a heading or a landmark.
SHAPES = """([often, known]) => {
  const told = new RegExp('^(class|role|type|href|hidden|open|checked|selected|disabled|required|readonly|multiple'
    + '|method|fill|tabindex|scope|for|alt|title|data-k|data-label|data-fixed|aria-.*)$');
  const free = new RegExp('^(href|for|alt|title|data-label|aria-(label|labelledby|describedby|controls|owns'
    + '|valuetext|valuenow|details|rowindex|colindex))$');
  const landmark = /^(html|body|h[1-6]|main|nav|header|footer|aside)$/;
  const old = new Set(JSON.parse(known)), found = new Set(), ids = new Map(), outline = [];
  const note = text => {
    let [high, low] = [0xdeadbeef, 0x41c6ce57];  // cyrb53, in 53 bits
    for (let n = 0; n < text.length; n++) {
      high = Math.imul(high ^ text.charCodeAt(n), 2654435761);
      low = Math.imul(low ^ text.charCodeAt(n), 1597334677);
    }
    const number = 4294967296 * (2097151 & low) + (high >>> 0);
    found.add(number);
    return old.has(number);
  };
  const look = (el, way, times) => {
    const own = [el.localName, el.labels?.length ? 'labelled' : '',
      [...el.childNodes].some(node => node.nodeType === 3 && node.data.trim()) ? 'says' : '',
      ...[...el.attributes].filter(one => told.test(one.name)).map(({name, value}) =>
        name + '=' + (free.test(name) ? Boolean(value) : value.trim().split(/\\s+/).sort().join(' '))).sort(),
    ].join(' ');
    const here = `${way}>${own}`, inside = new Map();
    if (el.id) ids.set(el.id, (ids.get(el.id) || 0) + 1);
    if (landmark.test(el.localName)) outline.push(el.localName);
    const parts = [...el.children].map(child => look(child, here, inside));
    const shape = `${own}(${parts.map(part => part.shape)})`;
    const isOld = note(here) && parts.every(part => part.isOld) && !landmark.test(el.localName);
    times.set(shape, (times.get(shape) || 0) + 1);
    el.toggleAttribute('data-old', isOld || times.get(shape) > often);
    return {shape, isOld};
  };
  look(document.documentElement, '', new Map());
  outline.forEach((one, n) => note(`${one} after ${outline[n - 1]}`));
  for (const [id, count] of ids) if (count > 1) note(`${count} times ${id} in ${location.pathname}`);
  note(`title ${Boolean(document.title)}`);
  // One mark for all that lies inside: axe compares every element with every mark.
  for (const el of document.querySelectorAll('[data-old] [data-old]')) el.removeAttribute('data-old');
  return JSON.stringify([...found].filter(number => !old.has(number)));
}"""
RUN = "options => axe.run({exclude: [['[data-old]']]}, options)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Watch:
    """Notes everything that goes wrong in the pages of one context."""

    origin: str
    #: The shapes of everything that was looked at.
    known: set[int] = field(default_factory=set)
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
    """Return what axe and a ruler find on the page as it is, on a phone, a screen, and in the dark.

    Axe passes over what has a shape that the watch knows; those of this page are then known too.
    """
    page.wait_for_load_state()
    news = json.loads(page.evaluate(SHAPES, [OFTEN, json.dumps(list(watch.known))]))
    watch.known.update(news)
    watch.looks_away = True
    try:
        return _findings(page, with_axe=bool(news))
    finally:
        watch.looks_away = False


def _findings(page: Page, *, with_axe: bool) -> list[str]:
    found: list[str] = []
    if with_axe:
        page.evaluate(AXE_SCRIPT)
        page.emulate_media(reduced_motion="reduce")
    for name, (width, height) in (("wide", WIDE), ("phone", PHONE)):
        page.set_viewport_size({"width": width, "height": height})
        beyond = page.evaluate(OVERFLOW)
        if beyond > 0:
            found.append(f"{name}: {beyond} px wider than the screen")
        if with_axe:
            page.evaluate("scrollTo(0, 0)")  # what lies under a sticky bar would count as too small to press
            found += [f"{name}: {what}" for what in _axe(page, only_colors=False)]
    if with_axe:
        page.emulate_media(color_scheme="dark")
        found += [f"dark phone: {what}" for what in _axe(page, only_colors=True)]
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

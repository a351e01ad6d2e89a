"""Reading pages the way people do: their words in order, without the markup."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from html.parser import HTMLParser
from typing import Any

from sqlalchemy import event

from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.models import db
from iop_schedule.web.forms.risk import MonitorForm

#: Elements that end a line; the words of two table cells or list items are not one phrase.
_BREAKS = frozenset(
    [
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "tr",
        "td",
        "th",
        "table",
        "section",
        "nav",
        "form",
        "fieldset",
        "legend",
        "label",
        "option",
        "br",
        "h1",
        "h2",
        "h3",
        "header",
        "main",
    ]
)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def words(html: str) -> str:
    """Return the text between `<main>` and `</main>`, one line for each block, blanks collapsed."""
    main = html.partition("<main")[2].partition("</main>")[0].partition(">")[2] or html
    reader = _Words()
    reader.feed(main)
    lines = ("".join(reader.parts)).split("\n")
    collapsed = (re.sub(r"[\s\xa0]+", " ", line).strip() for line in lines)
    return "\n".join(line for line in collapsed if line)


def value_of(html: str, name: str) -> str:
    """Return what the field called `name` holds, as it was sent to the browser."""
    found = re.search(rf'<input\b[^>]*\bname="{re.escape(name)}"[^>]*>', html)
    assert found, f"no field {name}"
    value = re.search(r'\bvalue="([^"]*)"', found.group())
    return unescape(value.group(1)) if value else ""


def title_of(html: str) -> str:
    """Return the title of a page."""
    return unescape(html.partition("<title>")[2].partition("</title>")[0])


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Collect the SQL statements of the block; a list page costs the same for one row and for many."""
    found: list[str] = []

    def note(*arguments: Any) -> None:
        if not str(arguments[2]).startswith("BEGIN"):
            found.append(str(arguments[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def monitor_form(**changed: str) -> dict[str, object]:
    """Return the monitor's form as the browser sends it, untouched but for what `changed` says."""
    form = MonitorForm(formdata=None, meta={"csrf": False})
    form.show(MonitorPolicy())
    return {field.name: field._value() for field in form} | changed

"""Every kind of link a page offers, followed as people follow it: with what stands in its address."""

import re
from collections import deque
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from iop_schedule import clock
from iop_schedule.vocabulary import Role
from tests.conftest import Http
from tests.demo.test_clinic import WEEK, open_on
from tests.kept import KeptApp

pytestmark = [
    pytest.mark.xdist_group("clinic"),
    # What a link leads to does not depend on where rows are kept.
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

ANCHOR = re.compile(r'<a\b[^>]*?\shref="([^"]*)"')
#: Fewer kinds than a role was ever shown mean that pages were not reached.
LEAST_KINDS = {Role.CLIENT: 15, Role.COUNSELOR: 12, Role.CASE_MANAGER: 50, Role.ADMINISTRATOR: 90}


def kind_of(app: Flask, address: str) -> tuple[str, frozenset[str]]:
    """Return what makes two links the same kind: the endpoint, and which questions its address asks."""
    parts = urlsplit(address)
    try:
        endpoint = str(app.url_map.bind("localhost").match(parts.path, method="GET")[0])
    except HTTPException:
        endpoint = parts.path  # nothing of ours, which its answer will say
    return endpoint, frozenset(name for name, _ in parse_qsl(parts.query))


@pytest.mark.parametrize("role", list(Role))
def test_every_kind_of_link_leads_somewhere(app: Flask, http: Http, kept_app: KeptApp, role: Role) -> None:
    accounts = open_on(WEEK[2], kept_app)
    clock.freeze(WEEK[2])
    account = next(one for one in accounts if one.role == role)
    http.sign_in_by_form(account.email, account.password)
    seen, to_visit, broken = set(), deque([("/", "/")]), []
    while to_visit:
        address, found_on = to_visit.popleft()
        kind = kind_of(app, address)
        if kind in seen:
            continue
        seen.add(kind)
        answer = http.get(address, follow_redirects=True)
        if answer.status_code >= 400:
            broken.append((answer.status_code, address, found_on))
        if answer.mimetype == "text/html":
            here = urljoin(address, answer.request.path)
            for link in ANCHOR.findall(answer.text):
                target = urlsplit(urljoin(here, unescape(link)))
                if not target.netloc and not target.scheme:
                    to_visit.append((target._replace(fragment="").geturl(), address))
        answer.close()
    assert broken == []
    assert len(seen) >= LEAST_KINDS[role]

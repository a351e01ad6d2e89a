"""Whoever looks at whatever they can reach sees only people who are theirs; logs and messages name nobody.

Every client and every staff member has a name that occurs nowhere else. Each person opens every address
there is, with every id there is; what comes back is searched for names that must not be in it.
"""

import io
import logging
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, url_for

from iop_schedule import clock, logs
from iop_schedule.adapters.messages import NullMessages
from iop_schedule.jobs.reminders import drain, plan, sweep
from iop_schedule.jobs.worker import Worker
from iop_schedule.models import db
from iop_schedule.vocabulary import Channel
from tests.conftest import NOW, Http
from tests.outbox import expect_on_thursday
from tests.repository.addresses import MISSING, PARAMETERS, PEOPLE, Person, visits
from tests.repository.test_endpoints import may_ask, rules
from tests.world import World

#: What a page says does not depend on the database; who may open it is asked on both by test_endpoints.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

#: What gives a client away: names, address, code.
CLIENTS = {
    "Ana": ("Tamblewyn", "Quillfeather", "ana@example.net"),
    "Ben": ("Grobbert", "Oxbridger", "ben@example.net", "school pick-up"),
    "Max": ("Mortlebee", "Jabberwock", "max@example.net"),
    "Zoe": ("Vixolind", "Umberhulk", "zoe@example.net", "evening class"),
}
ELM_STAFF = ("Whitfield", "Banerjee", "Okafor", "Petrov", "Elm Street")
FAR_STAFF = ("Lindqvist", "Mallory", "Trent", "Far Hills")

MAY_SEE = {
    "anonymous": set(),
    "Ana": {"Ana"},
    "Carol": {"Ana", "Ben"},
    "Dev": {"Ana", "Ben"},
    "Root": {"Ana", "Ben", "Max"},
    "Zoe": {"Zoe"},
    "Eve": {"Zoe"},
    "Mallory": {"Zoe"},
    "Trent": {"Zoe"},
}  # fmt: skip


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the running application would have logged."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.write_to(stream)
    yield stream
    root.handlers[:], root.level = handlers, level
    for name in logs.SILENCED:
        logging.getLogger(name).disabled = False


def everything(app: Flask, person: Person, world: World) -> list[tuple[str, str]]:
    """Return method and path of every address, with every id that anybody has.

    An address refused to the person's role is asked for once: test_endpoints knows that any other id gets the
    answer of an id that nobody has.
    """
    found = set()
    with app.test_request_context():
        for key, rule in rules(app):
            if key == "POST auth.sign_out_everywhere" or key == "POST auth.sign_out":
                continue
            planned = [
                visit
                for side in (person, _at_other_site(person))
                for visit in visits(side, rule.arguments, world)
            ]
            for visit in planned if may_ask(app, rule, person) else planned[:1]:
                values = {name: visit.values[name] for name in rule.arguments}
                found.add((key.split()[0], url_for(rule.endpoint, **values)))
    db.session.expunge_all()  # or each of many requests would look after everything in the world
    return sorted(found, key=lambda pair: (pair[0] != "GET", pair))


def _at_other_site(person: Person) -> Person:
    return Person(person.name, person.email, person.role, at_elm=not person.at_elm)


def words_of(answer: Any) -> str:
    """Return everything an answer says; of an archive, every file in it."""
    if answer.mimetype != "application/zip":
        return str(answer.text)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        files = [f"{name}\n{archive.read(name).decode()}" for name in archive.namelist()]
    assert files
    return "\n".join(files)


def names_in(text: str, names: tuple[str, ...]) -> list[str]:
    folded = text.casefold()  # asking this first is many times as fast
    there = [name for name in names if name.casefold() in folded]
    return [name for name in there if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)]


@pytest.mark.parametrize("person", PEOPLE, ids=[person.name for person in PEOPLE])
def test_everyone_sees_the_clients_who_are_theirs_and_nobody_else(
    app: Flask, http: Http, world: World, log: io.StringIO, person: Person
) -> None:
    if person.email:
        http.sign_in(person.email)
    app.config["WTF_CSRF_ENABLED"] = False
    leaked, shown, named = [], set(), []
    for method, path in everything(app, person, world):
        answer = http.open(path, method=method)
        words = words_of(answer)
        text = f"{answer.headers}\n{words}"
        for client, names in CLIENTS.items():
            if not (found := names_in(text, names)):
                continue
            if client not in MAY_SEE[person.name]:
                leaked.append(f"{method} {path}: {found}")
            if method == "GET":
                shown.add(client)
                named += [f"{path}: {where}" for where in telling(words) if names_in(where, names)]
        if person.role is not None:
            others = FAR_STAFF if person.at_elm else ELM_STAFF
            leaked += [f"{method} {path}: {name}" for name in names_in(text, others)]
    assert leaked == []
    assert shown == MAY_SEE[person.name]  # else an application that shows nothing would pass
    assert named == []
    logged = names_in(log.getvalue(), tuple(name for names in CLIENTS.values() for name in names))
    assert logged == []


def telling(page: str) -> list[str]:
    """Return what of a page goes into histories and logs: its title, and the addresses it leads to."""
    links = re.findall(r'(?:href|action|src)="([^"]*)"', page)
    titles = re.findall(r"<title>(.*?)</title>", page, re.DOTALL)
    return [link for link in links if not link.startswith(("mailto:", "tel:"))] + titles


def test_every_parameter_is_tried_with_ids_of_both_sites(world: World) -> None:
    for name, ids in PARAMETERS.items():
        found = ids(world)
        assert len({found.elm, found.far, MISSING}) == 3 or name in {"enrollment_id"}, name


def test_messages_greet_their_reader_name_nobody_else_and_reach_only_the_person_they_are_for(
    app: Flask, world: World, log: io.StringIO
) -> None:
    """Subject, text and address of each message, and what the scheduler logs meanwhile."""
    expect_on_thursday(world.cast)
    kept = NullMessages()
    app.extensions["messages"] = {Channel.EMAIL: kept}
    for quarter in range(4 * 24):
        clock.freeze(NOW + timedelta(minutes=15 * quarter))
        for tick in (plan, drain, sweep):
            tick(Worker())
    to_clients = [one.to for one in kept.sent if any(one.to in names for names in CLIENTS.values())]
    assert len(to_clients) == len(set(to_clients)) >= 3
    everyone = {name for names in CLIENTS.values() for name in names} | {*ELM_STAFF, *FAR_STAFF}
    leaked = []
    for message in kept.sent:
        # Staff are greeted by no name at all, and read of numbers only.
        own = next((names for names in CLIENTS.values() if message.to in names), ("nobody",))
        greeting = own[0]
        found = names_in(f"{message.subject}\n{message.text}", tuple(everyone - {greeting}))
        leaked += [found, names_in(message.subject, (greeting,))]
    assert [names for names in leaked if names] == []
    assert names_in(log.getvalue(), tuple(everyone)) == []

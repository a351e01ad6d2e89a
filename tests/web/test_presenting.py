"""How values read on a page, and that every form control is tied to its words."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, render_template_string
from flask_wtf import CSRFProtect, FlaskForm
from lucide import IconDoesNotExist
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from iop_schedule.adapters.assets import Manifest
from iop_schedule.web import presenting

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("show", "value", "words"),
    [
        (presenting.clock_time, time(0, 0), "12:00 am"),
        (presenting.clock_time, time(11, 59), "11:59 am"),
        (presenting.clock_time, time(12, 0), "12:00 pm"),
        (presenting.clock_time, time(23, 5), "11:05 pm"),
        (presenting.clock_time, datetime(2026, 11, 23, 9, 0, tzinfo=NEW_YORK), "9:00 am"),
        (presenting.day_label, date(2026, 11, 23), "Mon, Nov 23"),
        (presenting.day_label, datetime(2026, 3, 2, 23, 0, tzinfo=NEW_YORK), "Mon, Mar 2"),
        (presenting.long_day, date(2026, 11, 24), "Tuesday, November 24"),
        (presenting.hours, 0, "0"),
        (presenting.hours, 540, "9"),
        (presenting.hours, 600, "10"),
        (presenting.hours, 90, "1.5"),
        (presenting.hours, 50, "0.83"),
        (presenting.duration, 0, "0 min"),
        (presenting.duration, 59, "59 min"),
        (presenting.duration, 120, "2 h"),
        (presenting.duration, 135, "2 h 15 min"),
        (presenting.initials, "Rosa D.", "RD"),
        (presenting.initials, "élodie", "É"),
        (presenting.initials, "  ", ""),
        (presenting.machine_time, date(2026, 11, 23), "2026-11-23"),
        (presenting.machine_time, time(9, 5), "09:05"),
        (presenting.machine_time, datetime(2026, 3, 2, 18, 0, tzinfo=NEW_YORK), "2026-03-02T18:00-05:00"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_values_read_as_people_say_them(show: Callable[[Any], str], value: Any, words: str) -> None:
    assert show(value) == words


@pytest.mark.parametrize(("n", "words"), [(0, "0 people"), (1, "1 person"), (2, "2 people")])
def test_counts_agree_with_their_noun(n: int, words: str) -> None:
    assert presenting.count(n, "person", "people") == words


def test_two_times_are_one_phrase() -> None:
    assert presenting.time_range(time(9), time(12)) == "9:00 am to 12:00 pm"


def test_an_icon_is_inline_svg_that_screen_readers_skip() -> None:
    svg = presenting.icon("check", 20)
    assert svg.startswith("<svg ")
    assert 'aria-hidden="true"' in svg
    assert 'width="20"' in svg
    assert "style=" not in svg
    with pytest.raises(IconDoesNotExist):
        presenting.icon("no-such-icon")


class Place(Form):
    room = StringField("Room", [InputRequired("Enter the room")])


class Sheet(FlaskForm):
    """One field of each kind."""

    name = StringField("Your name", [InputRequired("Enter your name")], description="As on your card.")
    phone = StringField("Phone", [Optional()])
    note = TextAreaField("Note")
    kind = SelectField("Kind", choices=[SelectChoice("a", "A"), SelectChoice("b", "B")])
    why = RadioField(
        "Why",
        [InputRequired("Choose a reason")],
        choices=[SelectChoice("x", "Work"), SelectChoice("y", "A ride")],
    )
    days = SelectMultipleField(
        "Days",
        [InputRequired("Choose a day")],
        choices=[SelectChoice("0", "Monday"), SelectChoice("1", "Tuesday")],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    agrees = BooleanField("OK to leave a message")
    start = TimeField("From", [InputRequired("Enter a time, like 9:00 am")])
    end = TimeField("To", [Optional()])
    token = HiddenField("Token", [InputRequired("This page is too old. Load it again.")])
    place = FormField(Place)
    more = FieldList(StringField("More", [InputRequired("Enter another")]), min_entries=1)


@pytest.fixture
def app() -> Flask:
    app = Flask("iop_schedule", static_folder=None)
    app.config.update(SECRET_KEY="for this test only", TESTING=True, WTF_CSRF_CHECK_DEFAULT=False)
    CSRFProtect(app)
    manifest = Manifest(
        {name: f"{name}-built" for name in ("app.js", "steady.css", "icon.svg", "icon-192.png", "blank.html")}
    )
    presenting.init_presenting(app, product_name="Steady", manifest=manifest)
    app.jinja_env.globals["asset_url"] = lambda name: f"/static/{name}"
    return app


PAGE = """
{% from "_macros/forms.html" import checkbox, error_summary, form_row, form_tag, post_button, submit, time_range %}
{{ error_summary(form, extra=["The room was just taken."]) }}
{% call form_tag("/save", form=form) %}
{% for field in [form.name, form.phone, form.note, form.kind, form.why, form.days, form.agrees] %}
{{ form_row(field) }}
{% endfor %}
{{ time_range(form.start, form.end, "What time?", hint="Wall clock.") }}
{{ submit("Save") }}
{% endcall %}
"""


def draw(app: Flask, data: dict[str, Any] | None) -> str:
    """Return the form as drawn, after a failed save when `data` is given."""
    with app.test_request_context("/"):
        form = Sheet(formdata=MultiDict(data) if data is not None else None, meta={"csrf": False})
        if data is not None:
            assert not form.validate()
        return render_template_string(PAGE, form=form)


@pytest.mark.parametrize("data", [None, {}, {"name": "Ana", "why": "x"}], ids=["fresh", "empty", "half"])
def test_every_id_that_a_control_refers_to_is_on_the_page_once(app: Flask, data: dict[str, Any]) -> None:
    html = draw(app, data)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    refers = re.findall(r'(?:aria-describedby|for|aria-labelledby)="([^"]+)"', html)
    assert {name for names in refers for name in names.split()} <= set(ids)


def test_an_error_is_said_in_the_summary_beside_the_field_and_to_screen_readers(app: Flask) -> None:
    html = draw(app, {})
    assert '<a href="#name">Enter your name</a>' in html
    assert 'aria-describedby="name-hint name-error" aria-invalid="true"' in html
    assert html.count("Enter your name") == 2
    assert "<li>The room was just taken.</li>" in html
    assert 'role="alert" tabindex="-1"' in html


def test_a_group_of_choices_is_a_fieldset_and_the_summary_links_to_its_first_button(app: Flask) -> None:
    html = draw(app, {})
    assert '<a href="#why-0">Choose a reason</a>' in html
    assert re.search(
        r'<fieldset [^>]*aria-describedby="why-error">\s*<legend class="label">Why</legend>', html
    )
    assert '<input class="form-check-input" type="checkbox" id="days-1" name="days" value="1"' in html


def test_what_was_typed_and_chosen_is_kept(app: Flask) -> None:
    html = draw(app, {"name": "Ana <3", "why": "y", "days": "1", "agrees": "y", "kind": "b"})
    assert 'value="Ana &lt;3"' in html
    assert 'id="why-1" name="why" value="y" checked' in html
    assert 'id="days-1" name="days" value="1" checked' in html
    assert 'id="agrees" name="agrees" value="y" checked' in html
    assert '<option selected value="b">B</option>' in html


def test_a_form_carries_its_token_and_leaves_checking_to_the_server(app: Flask) -> None:
    html = draw(app, None)
    assert '<form method="post" action="/save" novalidate>' in html
    assert html.count('name="csrf_token"') == 1
    assert '<input id="token" name="token"' in html
    assert "There is a problem" in html  # said by `extra`
    assert html.count('<span class="optional">(optional)</span>') == 1


def test_problems_come_in_the_order_of_the_fields_and_reach_into_parts(app: Flask) -> None:
    with app.test_request_context("/"):
        form = Sheet(formdata=MultiDict({"more-0": ""}), meta={"csrf": False})
        form.validate()
        form.form_errors.append("Both times are the same.")
        found = [(problem.target, problem.message) for problem in presenting.problems(form)]
    assert found == [
        ("", "Both times are the same."),
        ("name", "Enter your name"),
        ("kind", "Not a valid choice."),
        ("why-0", "Choose a reason"),
        ("days-0", "Choose a day"),
        ("start", "Enter a time, like 9:00 am"),
        ("", "This page is too old. Load it again."),
        ("place-room", "Enter the room"),
        ("more-0", "Enter another"),
    ]


@pytest.mark.parametrize(
    ("cookie", "start"),
    [
        (None, '<html lang="en">'),
        ("dark", '<html lang="en" data-bs-theme="dark">'),
        ("light", '<html lang="en" data-bs-theme="light">'),
        ('"><script>', '<html lang="en">'),
    ],
    ids=["device", "dark", "light", "nonsense"],
)
def test_the_appearance_a_person_chose_is_in_the_page(app: Flask, cookie: str | None, start: str) -> None:
    headers = {"Cookie": f"theme={cookie}"} if cookie else {}
    with app.test_request_context("/", headers=headers):
        html = render_template_string('{% extends "base_plain.html" %}{% block title %}Sign in{% endblock %}')
    assert start in html
    assert "<title>Sign in – Steady</title>" in html


def test_a_page_with_errors_says_so_in_its_title(app: Flask) -> None:
    with app.test_request_context("/"):
        form = Sheet(formdata=MultiDict({}), meta={"csrf": False})
        form.validate()
        html = render_template_string(
            '{% extends "base_plain.html" %}{% block title %}Your times{% endblock %}', form=form
        )
    assert "<title>Error: Your times – Steady</title>" in html


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 422, 429, 500, 503])
def test_an_error_page_says_what_to_do_and_carries_its_reference(app: Flask, status: int) -> None:
    with app.test_request_context("/"):
        template = app.jinja_env.get_template(f"errors/{status}.html")
        html = template.render(reference="9f31c2ab", theme="")
    assert len(re.findall(r"<h1>[^<]+</h1>", html)) == 1
    assert 'Reference number <b class="num">9f31c2ab</b>' in html
    assert '<a class="btn btn-primary btn-lg" href="/">' in html


def test_help_has_one_place_on_client_pages_even_when_the_pages_list_it(app: Flask) -> None:
    pages = [
        {"label": label, "url": url, "icon": "clock", "current": False}
        for label, url in [("My week", "/my/week"), ("My times", "/my/times"), ("Help", "/my/help")]
    ]
    with app.test_request_context("/my/week"):
        html = render_template_string(
            '{% extends "base_client.html" %}{% block title %}My week{% endblock %}', nav=pages
        )
    assert html.count('href="/my/help"') == 2  # in the top bar and in the bottom tabs
    assert html.count('href="/my/times"') == 2
    assert "htmx" not in html

"""The words of messages, for administrators: which there are, and writing others with a preview."""

from datetime import time, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import messages as actions
from iop_schedule.actions import transactions
from iop_schedule.domain import civil_time
from iop_schedule.domain import reminders as rules
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.reminders import PLACEHOLDER_HINTS, PLACEHOLDERS, Wording
from iop_schedule.errors import DomainError, NotFound
from iop_schedule.queries.wordings import Worded, all_wordings, private_names, versions_of
from iop_schedule.vocabulary import Channel, DeliveryPurpose
from iop_schedule.web.forms.messages import WordingForm
from iop_schedule.web.message_words import CHANNELS, PURPOSES
from iop_schedule.web.security import actor, requires

wording = Blueprint("wording", __name__, url_prefix="/reminders/wording")

LANGUAGE_NAMES = {"en": "English", "es": "Spanish"}


@wording.get("")
@requires(Permission.WORDING_EDIT)
def index() -> ResponseReturnValue:
    """List every message with the words used now."""
    rows: dict[tuple[DeliveryPurpose, Channel], dict[str, Worded]] = {}
    for (purpose, channel, language), worded in all_wordings(actor()).items():
        rows.setdefault((purpose, channel), {})[language] = worded
    return render_template("reminders/wordings.html", rows=rows, words=_words())


@wording.get("/<purpose>/<channel>/<language>")
@requires(Permission.WORDING_EDIT)
def edit(purpose: str, channel: str, language: str) -> ResponseReturnValue:
    """Show one wording for changing, as it reads now in every language."""
    key, worded = _found(purpose, channel, language)
    data = {"subject": worded.wording.subject, "body": worded.wording.body, "version": str(worded.version)}
    return _page(key, WordingForm(formdata=None, data=data), worded.wording)


@wording.post("/<purpose>/<channel>/<language>")
@requires(Permission.WORDING_EDIT)
def save(purpose: str, channel: str, language: str) -> ResponseReturnValue:
    """Show how new words read, or store them."""
    key, worded = _found(purpose, channel, language)
    form = WordingForm()
    if not form.validate():
        return _page(key, form, worded.wording), 422
    try:
        if "preview" in request.form:
            rules.check_wording(form.value(), key[0], key[1], private_names=private_names(actor()))
            return _page(key, form, form.value())
        actions.write_wording(
            actor=actor(),
            purpose=key[0],
            channel=key[1],
            language=key[2],
            wording=form.value(),
            seen_version=form.seen_version,
            now=g.now,
        )
    except DomainError as error:
        transactions.abandon()
        field = form[error.field] if error.field and error.field in form else None
        (form.form_errors if field is None else field.errors).append(error.message)
        return _page(key, form, form.value()), error.status
    flash("Saved. Messages from now on read like this.", "success")
    return redirect(url_for("wording.index"))


_Key = tuple[DeliveryPurpose, Channel, str]


def _found(purpose: str, channel: str, language: str) -> tuple[_Key, Worded]:
    for key, worded in all_wordings(actor()).items():
        if (str(key[0]), str(key[1]), key[2]) == (purpose, channel, language):
            return key, worded
    raise NotFound


def _page(key: _Key, form: WordingForm, shown: Wording) -> str:
    purpose, channel, language = key
    others = {
        code: worded.wording
        for (p, c, code), worded in all_wordings(actor()).items()
        if (p, c) == (purpose, channel)
    }
    previews = {
        LANGUAGE_NAMES[code]: _preview(shown if code == language else other, channel, code)
        for code, other in others.items()
    }
    return render_template(
        "reminders/wording.html",
        form=form,
        key=key,
        title=f"{PURPOSES[purpose]}: {CHANNELS[channel].lower()}, {LANGUAGE_NAMES[language]}",
        previews=previews,
        placeholders=[(name, PLACEHOLDER_HINTS[name]) for name in PLACEHOLDERS[purpose]],
        versions=versions_of(actor(), *key),
        has_subject=channel is not Channel.SMS,
    )


def _preview(shown: Wording, channel: Channel, language: str) -> dict[str, Any]:
    """Return a wording as somebody would read it, with the length a text message has."""
    tz = civil_time.zone(actor().zone)
    first = civil_time.monday_of(actor().today(g.now)) + timedelta(days=7)
    starts = [civil_time.instant(first + timedelta(days=n), time(9), tz) for n in (0, 2, 4)]
    values = {
        **rules.day_values(starts[:1], tz, language),
        **rules.week_values(starts, tz, language, channel),
        "name": "Sam",
        "code": "123456",
        "link": "https://…",
    }
    message = rules.fill(shown, values)
    return {"message": message, "length": rules.text_length(message.text)}


def _words() -> dict[str, Any]:
    return {"channels": CHANNELS, "purposes": PURPOSES, "languages": LANGUAGE_NAMES}

"""Messages to clients: their own list and wishes, and the same for staff on the client's record."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from iop_schedule.actions import accounts, contacts, transactions
from iop_schedule.adapters.telephone import as_read
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import DomainError, NotPossible, TooManyAttempts
from iop_schedule.queries.messages import ContactPage, contact_page, my_messages
from iop_schedule.vocabulary import AuditKind, Channel, Evidence, Role
from iop_schedule.web.forms.messages import (
    AddressForm,
    ConsentForm,
    StaffConsentForm,
    WhenForm,
    when_form,
)
from iop_schedule.web.message_words import (
    CHANNELS,
    CONSENTS,
    EVIDENCE,
    PURPOSES,
    channels_set_up,
    reason_words,
)
from iop_schedule.web.security import actor, requires, settings, viewed

messages = Blueprint("messages", __name__)

#: What a form's button asks for.
SAVE, AGAIN, CONFIRM, WORD = "save", "again", "confirm", "word"


@messages.get("/my/messages")
@requires(Permission.OWN_MESSAGES)
def mine() -> ResponseReturnValue:
    """Show the client's messages, newest first."""
    viewed(AuditKind.MESSAGES_VIEWED, client_id=actor().client_id)
    return render_template("messages/mine.html", messages=my_messages(actor(), now=g.now))


@messages.get("/my/messages/wishes")
@requires(Permission.OWN_MESSAGES)
def my_wishes() -> ResponseReturnValue:
    """Show where, about what and when the client is written to."""
    return _page(_own_id())


@messages.post("/my/messages/<any(email, sms):channel>")
@requires(Permission.OWN_MESSAGES)
def my_address(channel: str) -> ResponseReturnValue:
    """Enter an address, ask for a code, or type it in."""
    return _address(_own_id(), Channel(channel))


@messages.post("/my/messages/agree")
@requires(Permission.OWN_MESSAGES)
def my_agree() -> ResponseReturnValue:
    """Say what one agrees to."""
    return _agree(_own_id())


@messages.post("/my/messages/when")
@requires(Permission.OWN_MESSAGES)
def my_when() -> ResponseReturnValue:
    """Say when one likes to be written to."""
    return _when(_own_id())


@messages.get("/clients/<int:client_id>/messages")
@requires(Permission.CLIENT_READ)
def theirs(client_id: int) -> ResponseReturnValue:
    """Show how a client is written to, and what was sent."""
    return _page(client_id)


@messages.post("/clients/<int:client_id>/messages/<any(email, sms):channel>")
@requires(Permission.CLIENT_EDIT)
def their_address(client_id: int, channel: str) -> ResponseReturnValue:
    """Enter a client's address, send a code, or confirm the address on their word."""
    return _address(client_id, Channel(channel))


@messages.post("/clients/<int:client_id>/messages/agree")
@requires(Permission.CLIENT_EDIT)
def their_agree(client_id: int) -> ResponseReturnValue:
    """Write down what a client agrees to."""
    return _agree(client_id)


@messages.post("/clients/<int:client_id>/messages/when")
@requires(Permission.CLIENT_EDIT)
def their_when(client_id: int) -> ResponseReturnValue:
    """Write down when a client likes to be written to."""
    return _when(client_id)


@messages.post("/account/digests")
@requires(Permission.PROGRAM_READ)
def digests() -> ResponseReturnValue:
    """Turn one's own mails about open work on or off."""
    wanted = request.form.get("wants") == "yes"
    accounts.want_digests(actor=actor(), wanted=wanted, now=g.now)
    flash(
        "You will get a mail when something is open." if wanted else "You will get no such mails.", "success"
    )
    return redirect(url_for("auth.account"))


# ── Parts ────────────────────────────────────────────────────────────────────────────────────────


def _own_id() -> int:
    return actor().client_id or 0


def _address(client_id: int, channel: Channel) -> ResponseReturnValue:
    contact_page(actor(), client_id, now=g.now)
    form = AddressForm(prefix=channel)
    wanted = request.form.get("do", SAVE)
    if not form.validate() or (wanted == SAVE and not form.address.data):
        form.address.errors = [*form.address.errors, "Enter an address."]
        return _page(client_id, address_form=form, status=422)
    who: dict[str, Any] = {"actor": actor(), "client_id": client_id, "channel": channel, "now": g.now}

    def act() -> str:
        if wanted == CONFIRM:
            contacts.confirm_code(**who, typed=form.code.data or "", key=settings().secret_key)
            return "Confirmed. Messages can go there now."
        if wanted == WORD:
            contacts.confirm_for_client(**who, evidence=Evidence.SPOKEN)
            return "Confirmed on their word."
        if wanted == SAVE:
            contacts.enter_address(**who, typed=form.address.data or "")
        contacts.send_code(**who)
        return "We are sending a code. It takes a minute at most."

    return _done(client_id, form, act, lambda: _page(client_id, address_form=form, status=422))


def _agree(client_id: int) -> ResponseReturnValue:
    contact_page(actor(), client_id, now=g.now)
    is_own = actor().role is Role.CLIENT
    form = ConsentForm(prefix="agree") if is_own else StaffConsentForm(prefix="agree")
    if not form.validate():
        return _page(client_id, consent_form=form, status=422)

    def act() -> str:
        contacts.agree(
            actor=actor(),
            client_id=client_id,
            to=form.value(),
            evidence=Evidence.ONLINE if is_own else Evidence(form.evidence.data),
            since=None if is_own else form.since.data,
            now=g.now,
        )
        return "Saved."

    return _done(client_id, form, act, lambda: _page(client_id, consent_form=form, status=422))


def _when(client_id: int) -> ResponseReturnValue:
    contact_page(actor(), client_id, now=g.now)
    form = WhenForm(prefix="when")
    if not form.validate():
        return _page(client_id, time_form=form, status=422)

    def act() -> str:
        contacts.wish(actor=actor(), client_id=client_id, wishes=form.value(), now=g.now)
        return "Saved."

    return _done(client_id, form, act, lambda: _page(client_id, time_form=form, status=422))


def _done(
    client_id: int,
    form: FlaskForm,
    act: Callable[[], str],
    again: Callable[[], ResponseReturnValue],
) -> ResponseReturnValue:
    """Do what was asked and go back to the page; a refusal stands beside its field."""
    try:
        words = act()
    except (NotPossible, TooManyAttempts) as error:
        _blame(form, error)
        return again()
    flash(words, "success")
    if actor().role is Role.CLIENT:
        return redirect(url_for("messages.my_wishes"))
    return redirect(url_for("messages.theirs", client_id=client_id))


def _blame(form: FlaskForm, error: DomainError) -> None:
    transactions.abandon()
    field = form[error.field] if error.field and error.field in form else None
    (form.form_errors if field is None else field.errors).append(error.message)


def _page(
    client_id: int,
    *,
    address_form: AddressForm | None = None,
    consent_form: ConsentForm | None = None,
    time_form: WhenForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    page = contact_page(actor(), client_id, now=g.now)
    viewed(AuditKind.MESSAGES_VIEWED, client_id=client_id)
    is_own = actor().role is Role.CLIENT
    form_class = ConsentForm if is_own else StaffConsentForm
    if consent_form is None:
        consent_form = form_class(
            formdata=None,
            prefix="agree",
            data={
                channel: [p for c, p in page.agreed if c is channel]
                for channel in (Channel.EMAIL, Channel.SMS)
            },
        )
    if time_form is None:
        time_form = when_form(page.reach[Channel.EMAIL], page.wish.zone if page.wish else "")
    shown = render_template(
        "messages/wishes.html" if is_own else "messages/client.html",
        page=page,
        ways=[_way(page, channel, address_form) for channel in channels_set_up()],
        consent_form=consent_form,
        time_form=time_form,
        may_edit=is_own or holds(actor().role, Permission.CLIENT_EDIT),
        texts_on=Channel.SMS in channels_set_up(),
        words={
            "channels": CHANNELS,
            "consents": CONSENTS,
            "purposes": PURPOSES,
            "evidence": EVIDENCE,
            "reason": reason_words,
        },
    )
    return shown, status


def _way(page: ContactPage, channel: Channel, sent: AddressForm | None) -> dict[str, Any]:
    """Return what one panel about an address shows."""
    point = page.points.get(channel)
    form = sent if sent is not None and sent._prefix == f"{channel}-" else None
    if form is None:
        known = page.phone if channel is Channel.SMS else page.email
        form = AddressForm(formdata=None, prefix=channel, data={"address": point.address if point else known})
    is_number = channel is Channel.SMS
    form.address.label.text = "Mobile number" if is_number else "Email address"
    return {
        "channel": channel,
        "title": "Text messages" if is_number else "Email",
        "form": form,
        "point": point,
        "shown": as_read(point.address) if point and is_number else point.address if point else "",
        "waits_for_code": bool(point and point.code_until and point.code_until > page.now),
        "confirmed": bool(point and point.confirmed_at and not point.stopped_at),
        "stopped": point.stop_reason if point and point.stopped_at else "",
        "autocomplete": "tel" if is_number else "email",
    }

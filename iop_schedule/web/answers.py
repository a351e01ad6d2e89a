"""What comes back from messages: the page behind their link, one-click stops, texts, reports of a provider.

Nothing here needs a sign-in: whoever holds a message's link is its reader, and a provider signs its calls.
Opening a link changes nothing, because mail programs open links by themselves.
"""

from datetime import timedelta

from flask import Blueprint, Flask, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import escape

from iop_schedule.actions import replies, transactions
from iop_schedule.actions.reminders import delivery_behind
from iop_schedule.adapters.messages import is_signed
from iop_schedule.domain.reminders import Meaning
from iop_schedule.errors import NotAllowed, NotFound, NotPossible, TooManyAttempts
from iop_schedule.queries.messages import asked_by
from iop_schedule.vocabulary import Answer
from iop_schedule.web.forms.numbers import whole_number
from iop_schedule.web.rate_limits import RateLimit
from iop_schedule.web.security import settings

answers = Blueprint("answers", __name__)

#: What a button on the page behind a link asks for.
STOP_THIS, STOP_ALL = "stop", "stop-all"

#: How often one link may answer or stop something.
PRESSES = 20, timedelta(hours=1)

#: The answer to a text, by what it meant. Some meanings need none.
TEXTS: dict[tuple[Meaning, str], str] = {
    (Meaning.STOP, "en"): "You will get no more texts from us. Reply START to get them again.",
    (Meaning.STOP, "es"): "No recibira mas mensajes. Responda START para recibirlos de nuevo.",
    (Meaning.START, "en"): "You will get texts again. Reply STOP for no more texts.",
    (Meaning.START, "es"): "Recibira mensajes de nuevo. Responda STOP para no recibirlos.",
    (
        Meaning.HELP,
        "en",
    ): "These are appointment reminders. Call the office with questions. Reply STOP to end them.",
    (Meaning.HELP, "es"): "Son recordatorios de citas. Llame a la oficina. Responda STOP para no recibirlos.",
    (Meaning.COMING, "en"): "Thank you. See you then.",
    (Meaning.COMING, "es"): "Gracias. Hasta entonces.",
    (Meaning.CANNOT, "en"): "Thank you for telling us. Call the office to find another time.",
    (Meaning.CANNOT, "es"): "Gracias por avisar. Llame a la oficina para buscar otra hora.",
    (
        Meaning.OTHER,
        "en",
    ): "We cannot read texts here. Reply 1 if you are coming, 2 if not, or call the office.",
    (Meaning.OTHER, "es"): "No leemos mensajes aqui. Responda 1 si viene, 2 si no, o llame a la oficina.",
}


def init_answers(app: Flask) -> None:
    """Count what links are used for."""
    app.extensions["answer-limit"] = RateLimit(*PRESSES)


@answers.get("/m/<token>")
def page(token: str) -> ResponseReturnValue:
    """Show what a message asks, and the ways to stop messages like it."""
    return render_template(
        "answers/page.html", asked=asked_by(_behind(token), now=g.now), token=token, done=""
    )


@answers.post("/m/<token>")
def act(token: str) -> ResponseReturnValue:
    """Take the reader's answer, or stop messages."""
    delivery_id, wanted = _pressed(token), request.form.get("do", "")
    problem = ""
    try:
        if wanted in {STOP_THIS, STOP_ALL}:
            replies.stop_from_link(delivery_id, everything=wanted == STOP_ALL, now=g.now)
        elif wanted in set(Answer):
            replies.answer_from_link(delivery_id, Answer(wanted), now=g.now)
        else:
            problem = "Choose one of the buttons."
    except NotPossible as error:
        transactions.abandon()
        problem = error.message
    shown = asked_by(delivery_id, now=g.now)
    done = "" if problem else wanted
    page_ = render_template("answers/page.html", asked=shown, token=token, done=done, problem=problem)
    return page_, 422 if problem else 200


@answers.post("/m/<token>/stop")
def stop(token: str) -> ResponseReturnValue:
    """Stop messages like one, at one press in a mail program. Source: RFC 8058."""
    replies.stop_from_link(_pressed(token), everything=False, now=g.now)
    return "Stopped.\n", 200, {"Content-Type": "text/plain; charset=utf-8"}


def _behind(token: str) -> str:
    found = delivery_behind(settings().secret_key, token)
    if found is None:
        raise NotFound
    return found


def _pressed(token: str) -> str:
    """Return the message a link is of, as long as the link has not been used too often lately."""
    delivery_id = _behind(token)
    limit: RateLimit = current_app.extensions["answer-limit"]
    wait = limit.wait(delivery_id, g.now)
    if wait:
        raise TooManyAttempts(retry_after=wait)
    return delivery_id


@answers.post("/hooks/texts")
def text() -> ResponseReturnValue:
    """Take a text somebody sent us, and answer it."""
    _check_signature("/hooks/texts")
    form = request.form
    understood = replies.take_text(
        sender=form.get("From", ""),
        text=form.get("Body", ""),
        ref=form.get("MessageSid", ""),
        now=g.now,
    )
    words = TEXTS[understood.meaning, understood.language]
    body = f'<?xml version="1.0" encoding="UTF-8"?><Response><Message>{escape(words)}</Message></Response>'
    return body, 200, {"Content-Type": "text/xml; charset=utf-8"}


@answers.post("/hooks/texts/reports")
def report() -> ResponseReturnValue:
    """Take the report of what became of a text."""
    _check_signature("/hooks/texts/reports")
    status, code = request.form.get("MessageStatus", ""), request.form.get("ErrorCode", "")
    replies.take_report(
        ref=request.form.get("MessageSid", ""),
        arrived=status not in {"undelivered", "failed"},
        code=whole_number(code) or 0,
        now=g.now,
    )
    return "", 204


def _check_signature(path: str) -> None:
    """Refuse a call that the provider has not signed for exactly this address and these fields."""
    given = request.headers.get("X-Twilio-Signature", "")
    form = list(request.form.items(multi=True))
    if not is_signed(settings().sms_secret, settings().public_url + path, form, given):
        current_app.logger.warning("a call without the provider's signature was refused")
        raise NotAllowed
    if not request.form.get("MessageSid"):
        raise NotFound


#: Views that prove themselves by a secret of their own instead of a form's token.
OWN_PROOF = (stop, text, report)

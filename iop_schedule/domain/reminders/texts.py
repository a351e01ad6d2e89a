"""The words messages begin with, in English and Spanish; administrators may write others.

Built to say a day and a time and nothing else. The Spanish of text messages keeps to letters a text can
hold cheaply: á, í, ó and ú would halve its length.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from iop_schedule.vocabulary import Channel, DeliveryPurpose

LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one message, with names in braces for what is filled in."""

    subject: str
    body: str


_P, _E, _S, _A = DeliveryPurpose, Channel.EMAIL, Channel.SMS, Channel.IN_APP

#: What may stand in braces, by purpose.
PLACEHOLDERS: Mapping[DeliveryPurpose, tuple[str, ...]] = {
    _P.REMINDER: ("what", "day", "time", "name", "link"),
    _P.CHANGED: ("what", "day", "time", "name", "link"),
    _P.CANCELLED: ("day", "time", "name", "link"),
    _P.DIGEST: ("days", "count", "name", "link"),
    _P.MISSED: ("day", "time", "name", "link"),
    _P.CONTACT: ("name", "link"),
    _P.NEWS: ("name", "link"),
    _P.CODE: ("code",),
    _P.SHEETS: ("count", "link"),
    _P.OUTREACH: ("count", "link"),
    _P.CASELOAD: ("count", "reach", "met", "judged", "missing", "link"),
}

#: What each placeholder stands for, for whoever edits a wording.
PLACEHOLDER_HINTS = {
    "what": "“an appointment on Thu, Mar 5 at 9:00 am”, or how many and when the first is",
    "day": "Thu, Mar 5",
    "time": "9:00 am",
    "days": "every day of the week with its time",
    "count": "a number",
    "reach": "how many people to reach",
    "met": "how many reached their hours last week",
    "judged": "how many had hours to reach",
    "missing": "how many marks are missing",
    "name": "what they like to be called; its line is left out where the name cannot be used",
    "link": "an address of ours for answering and for stopping messages",
    "code": "six digits",
}

_MAIL_END = "\n\nAnswer, or stop these messages:\n{link}\n"
_MAIL_END_ES = "\n\nResponda, o deje de recibir estos mensajes:\n{link}\n"

BUILT_IN: Mapping[tuple[DeliveryPurpose, Channel, str], Wording] = {
    (_P.REMINDER, _E, "en"): Wording(
        "Appointment reminder", "Hello {name},\n\nReminder: you have {what}." + _MAIL_END
    ),
    (_P.REMINDER, _E, "es"): Wording(
        "Recordatorio de cita", "Hola, {name}:\n\nRecordatorio: tiene {what}." + _MAIL_END_ES
    ),
    (_P.REMINDER, _S, "en"): Wording(
        "", "Reminder: you have {what}. Reply 1 if you are coming, 2 if you can't, STOP for no more texts."
    ),
    (_P.REMINDER, _S, "es"): Wording(
        "", "Recordatorio: tiene {what}. Responda 1 si viene, 2 si no puede, STOP para no recibir mensajes."
    ),
    (_P.REMINDER, _A, "en"): Wording("Reminder", "You have {what}."),
    (_P.REMINDER, _A, "es"): Wording("Recordatorio", "Tiene {what}."),
    (_P.CHANGED, _E, "en"): Wording(
        "Appointment changed", "Hello {name},\n\nA time has changed. You now have {what}." + _MAIL_END
    ),
    (_P.CHANGED, _E, "es"): Wording(
        "Cambio de cita", "Hola, {name}:\n\nHa cambiado una hora. Ahora tiene {what}." + _MAIL_END_ES
    ),
    (_P.CHANGED, _S, "en"): Wording(
        "",
        "A time has changed: you now have {what}. Reply 1 if you are coming, 2 if you can't, STOP to stop.",
    ),
    (_P.CHANGED, _S, "es"): Wording(
        "",
        "Ha cambiado una hora: ahora tiene {what}. Responda 1 si viene, 2 si no, STOP para no recibir mas.",
    ),
    (_P.CHANGED, _A, "en"): Wording("A time has changed", "You now have {what}."),
    (_P.CHANGED, _A, "es"): Wording("Ha cambiado una hora", "Ahora tiene {what}."),
    (_P.CANCELLED, _E, "en"): Wording(
        "Appointment canceled",
        "Hello {name},\n\nYour appointment on {day} at {time} is canceled." + _MAIL_END,
    ),
    (_P.CANCELLED, _E, "es"): Wording(
        "Cita cancelada", "Hola, {name}:\n\nSu cita el {day} a las {time} queda cancelada." + _MAIL_END_ES
    ),
    (_P.CANCELLED, _S, "en"): Wording(
        "", "Your appointment on {day} at {time} is canceled. Reply STOP for no more texts."
    ),
    (_P.CANCELLED, _S, "es"): Wording(
        "", "Su cita el {day} a las {time} queda cancelada. Responda STOP para no recibir mensajes."
    ),
    (_P.CANCELLED, _A, "en"): Wording("Canceled", "Your appointment on {day} at {time} is canceled."),
    (_P.CANCELLED, _A, "es"): Wording("Cancelada", "Su cita el {day} a las {time} queda cancelada."),
    (_P.DIGEST, _E, "en"): Wording(
        "Your appointments next week", "Hello {name},\n\nNext week:\n\n{days}" + _MAIL_END
    ),
    (_P.DIGEST, _E, "es"): Wording(
        "Sus citas de la semana que viene",
        "Hola, {name}:\n\nLa semana que viene:\n\n{days}" + _MAIL_END_ES,
    ),
    (_P.DIGEST, _S, "en"): Wording("", "Next week: {days}. Reply STOP for no more texts."),
    (_P.DIGEST, _S, "es"): Wording(
        "", "La semana que viene: {days}. Responda STOP para no recibir mensajes."
    ),
    (_P.DIGEST, _A, "en"): Wording("Next week", "{days}"),
    (_P.DIGEST, _A, "es"): Wording("La semana que viene", "{days}"),
    (_P.MISSED, _E, "en"): Wording(
        "We missed you",
        "Hello {name},\n\nWe missed you on {day}. You are welcome back any time. "
        "If something is in the way, call the office and we will look for another time." + _MAIL_END,
    ),
    (_P.MISSED, _E, "es"): Wording(
        "Le echamos de menos",
        "Hola, {name}:\n\nLe echamos de menos el {day}. Puede volver cuando quiera. "
        "Si algo se lo impide, llame a la oficina y buscaremos otra hora." + _MAIL_END_ES,
    ),
    (_P.MISSED, _S, "en"): Wording(
        "",
        "We missed you on {day}. You are welcome back any time. Call the office for help. STOP to stop.",
    ),
    (_P.MISSED, _S, "es"): Wording(
        "",
        "Le echamos de menos el {day}. Puede volver cuando quiera. Llame a la oficina. STOP para no recibir.",
    ),
    (_P.MISSED, _A, "en"): Wording("We missed you", "We missed you on {day}. You are welcome back any time."),
    (_P.MISSED, _A, "es"): Wording(
        "Le echamos de menos", "Le echamos de menos el {day}. Puede volver cuando quiera."
    ),
    (_P.CONTACT, _E, "en"): Wording(
        "Please call us",
        "Hello {name},\n\nPlease call the office when you can. We would like to hear from you, "
        "and can look for other times with you." + _MAIL_END,
    ),
    (_P.CONTACT, _E, "es"): Wording(
        "Llámenos, por favor",
        "Hola, {name}:\n\nLlame a la oficina cuando pueda. Queremos saber de usted, "
        "y podemos buscar juntos otras horas." + _MAIL_END_ES,
    ),
    (_P.CONTACT, _S, "en"): Wording(
        "", "Please call the office when you can. We would like to hear from you. Reply STOP to stop."
    ),
    (_P.CONTACT, _S, "es"): Wording(
        "", "Llame a la oficina cuando pueda. Queremos saber de usted. Responda STOP para no recibir mas."
    ),
    (_P.CONTACT, _A, "en"): Wording("Please call us", "Please call the office when you can."),
    (_P.CONTACT, _A, "es"): Wording("Llámenos, por favor", "Llame a la oficina cuando pueda."),
    (_P.NEWS, _E, "en"): Wording(
        "Something new for you",
        "Hello {name},\n\nThere is something new for you. Please sign in when you can." + _MAIL_END,
    ),
    (_P.NEWS, _E, "es"): Wording(
        "Algo nuevo para usted",
        "Hola, {name}:\n\nHay algo nuevo para usted. Entre en su cuenta cuando pueda." + _MAIL_END_ES,
    ),
    (_P.NEWS, _S, "en"): Wording(
        "", "There is something new for you. Please sign in when you can. Reply STOP for no more texts."
    ),
    (_P.NEWS, _S, "es"): Wording(
        "", "Hay algo nuevo para usted. Entre en su cuenta cuando pueda. Responda STOP para no recibir mas."
    ),
    (_P.NEWS, _A, "en"): Wording("Something new", "There is something new for you in your week."),
    (_P.NEWS, _A, "es"): Wording("Algo nuevo", "Hay algo nuevo para usted en su semana."),
    (_P.CODE, _E, "en"): Wording(
        "Your code",
        "Your code is {code}. It is good for 15 minutes. If you did not ask for it, ignore this.\n",
    ),
    (_P.CODE, _E, "es"): Wording(
        "Su código", "Su código es {code}. Vale 15 minutos. Si no lo ha pedido, no haga nada.\n"
    ),
    (_P.CODE, _S, "en"): Wording("", "Your code is {code}. It is good for 15 minutes. Reply STOP to stop."),
    (_P.CODE, _S, "es"): Wording(
        "", "Su clave es {code}. Vale 15 minutos. Responda STOP para no recibir mas."
    ),
    (_P.SHEETS, _E, "en"): Wording("Sheets to finish", "Sheets to finish: {count}\n\n{link}\n"),
    (_P.OUTREACH, _E, "en"): Wording("People to reach", "People to reach today: {count}\n\n{link}\n"),
    (_P.CASELOAD, _E, "en"): Wording(
        "Your week",
        "People you look after: {count}\nTo reach: {reach}\n"
        "Reached their hours last week: {met} of {judged}\nMarks missing: {missing}\n\n{link}\n",
    ),
}

#: Words dates and greetings are made of.
_DATES = (
    "hello hola mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec am pm an "
    "appointment appointments on at the first lun mié jue vie sáb dom ene abr ago dic una cita citas el la "
    "las a primera"
)


def wording_for(purpose: DeliveryPurpose, channel: Channel, language: str) -> Wording:
    """Return the built-in words; English where a language has none of its own.

    Raises:
        KeyError: nothing is ever sent for this purpose over this channel.
    """
    return BUILT_IN.get((purpose, channel, language)) or BUILT_IN[purpose, channel, "en"]


@cache
def plain_words() -> frozenset[str]:
    """Return every word our own texts are made of, in lower case."""
    texts = " ".join(f"{wording.subject} {wording.body}" for wording in BUILT_IN.values())
    return frozenset(re.findall(r"\w+", f"{texts} {_DATES}".lower()))

"""What somebody means who answers a message: stop, help, start again, coming, cannot come.

The law asks to honor any reasonable wording of the wish to be left alone, not only a keyword.
Source: docs/sources.md#revoking-consent
"""

import re
import unicodedata
from enum import StrEnum


class Meaning(StrEnum):
    """What an answer means."""

    STOP = "stop"
    HELP = "help"
    START = "start"
    COMING = "coming"
    CANNOT = "cannot"
    OTHER = "other"


#: Whole answers, once case, marks and punctuation are taken off; several by a comma.
_WHOLE: dict[Meaning, str] = {
    Meaning.STOP: "stop,stopall,stop all,end,quit,cancel,unsubscribe,revoke,optout,opt out,remove,alto,parar,"
    "pare,basta,cancelar,baja,fin,terminar",
    Meaning.HELP: "help,info,ayuda,auxilio",
    Meaning.START: "start,unstop,resume,alta,empezar",
    Meaning.COMING: "1,one,uno,yes,y,si,ok,okay,coming,i am coming,im coming,ill be there,see you there,voy",
    Meaning.CANNOT: "2,two,dos,no,n,cannot,cant,not coming,cannot come,cant come,i cant,i cant come,"
    "i cannot come,cant make it,i cant make it,no puedo,no puedo ir,no voy",
}
_ANSWERS = {said: meaning for meaning, listed in _WHOLE.items() for said in listed.split(",")}

#: A wish to be left alone, said in one's own words.
_LEAVE_ME = re.compile(
    r"\b(?:stop|quit|end|cancel|unsubscribe|revoke)\b.{0,30}\b(?:text|texts|texting|message|messages|messaging|"
    r"sending|contacting|writing|reminders?|me|these|this|it|please)\b"
    r"|\b(?:please|just|pls)\b.{0,10}\b(?:stop|quit|unsubscribe)\b"
    r"|\bunsubscribe\b|\bopt(?:ing)? ?out\b|\bstop all\b|\bleave me alone\b"
    r"|\b(?:dont|do not|never|no longer|not)\b.{0,20}\b(?:text|message|contact|write|want)\b.{0,30}"
    r"\b(?:me|anymore|any more|again|texts?|messages?|reminders?|these|those|this)\b"
    r"|\bno more\b(?!.{0,12}\b(?:seats|room)\b)"
    r"|\b(?:remove|take|delete)\b.{0,20}\b(?:me|my number|my phone)\b"
    r"|\bwrong (?:number|person)\b"
    r"|\bno mas\b|\bno (?:me|mande|manden|envie|envien|quiero|escriban?|contacten?)\b.{0,30}"
    r"\b(?:mensajes?|textos?|escriban?|manden?|envien?|recordatorios?|mas|contacten?)\b"
    r"|\b(?:deje|dejen|parar|paren|pare|alto|basta)\b.{0,20}\b(?:de|con|ya|mensajes?|textos?)\b"
    r"|\bdarme de baja\b|\bnumero equivocado\b"
)


def meaning_of(text: str) -> Meaning:
    """Return what an answer means; the wish to be left alone goes before everything else in it.

    >>> [meaning_of(said).value for said in ("STOP.", "please stop texting me", "Sí!", "2", "?")]
    ['stop', 'stop', 'coming', 'cannot', 'other']
    """
    said = _plain(text)
    found = _ANSWERS.get(said)
    if found is not None:
        return found
    if _LEAVE_ME.search(said):
        return Meaning.STOP
    first = said.split(" ", 1)[0]
    if first in {"stop", "stopall", "unsubscribe"}:
        return Meaning.STOP
    return {"1": Meaning.COMING, "2": Meaning.CANNOT}.get(first, Meaning.OTHER)


def _plain(text: str) -> str:
    """Return what was said in lower case, without marks and punctuation, single blanks between words."""
    spread = unicodedata.normalize("NFKD", text[:500].casefold()).replace("’", "'").replace("'", "")
    letters = (letter if letter.isalnum() else " " for letter in spread if not unicodedata.combining(letter))
    return " ".join("".join(letters).split())

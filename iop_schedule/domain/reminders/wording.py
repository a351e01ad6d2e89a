"""The check that no message says what an appointment is for, and whom it names."""

import re
from collections.abc import Iterable, Sequence

from iop_schedule.domain.reminders.texts import plain_words
from iop_schedule.errors import DomainError


class NotNeutral(DomainError):
    """This message would say more than a day and a time. Take out the words that name the care."""


#: Word beginnings, English and Spanish, that would tell what the appointment is for.
_TELLING = re.compile(
    r"\b(?:abstin|addict|adicc|alcohol|behavio|cl[ií]nic|coca[ií]n|consejer|counsel|dependen|desintox|detox|"
    r"diagn[oó]s|dos(?:e|age|is)|drog|drug|grup|group|hero[ií]n|inpatient|intensiv|iop|medica|meds|mental|"
    r"methadon|metadona|misuse|narc[oó]t|opiate|opioid|opi[aá]ceo|outpatient|overdos|pacient|patient|program|"
    r"ps[iy][cq]|rehab|reca[ií]d|recover|recuper|relaps|sesi[oó]n|session|sober|sobri|substance|sustanc|sud\b|"
    r"suboxon|telehealth|telesalud|terap|therap|tratam|treatment|12.?(?:step|pasos))",
    re.IGNORECASE,
)


def telling_words(text: str, private_names: Iterable[str] = ()) -> list[str]:
    """Return the words in `text` that must not leave the building, in order of the alphabet.

    >>> telling_words("Your Recovery group meets", ["Elm Street"])
    ['group', 'recover']
    >>> telling_words("Hello Carol", ["Carol Whitfield", "Carol"])
    ['carol']
    >>> telling_words("Su cita de terapia")
    ['terap']
    """
    found = {hit.group().lower() for hit in _TELLING.finditer(text)}
    words = re.findall(r"\w+", text.lower())
    said = frozenset(words)
    for name in private_names:
        parts = re.findall(r"\w+", name.lower())
        # A name made only of words our own texts use tells nothing: a counselor called May.
        if (
            parts
            and said.issuperset(parts)
            and not plain_words().issuperset(parts)
            and _contains(words, parts)
        ):
            found.add(" ".join(parts))
    return sorted(found)


def _contains(words: Sequence[str], parts: Sequence[str]) -> bool:
    return any(list(words[at : at + len(parts)]) == list(parts) for at in range(len(words)))

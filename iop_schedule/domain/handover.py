"""What a counselor leaves for the case manager about somebody they saw."""

from iop_schedule.errors import NotPossible

LONGEST_NOTE = 300


class BadNote(NotPossible):
    """Write what the case manager should know."""


def note_words(words: str) -> str:
    """Return a note in one line, blanks collapsed.

    Raises:
        BadNote: nothing is left of it, or it is too long.
    """
    said = " ".join(words.split())
    if not said:
        raise BadNote(field="words")
    if len(said) > LONGEST_NOTE:
        message = f"Keep this under {LONGEST_NOTE} characters."
        raise BadNote(message, field="words")
    return said

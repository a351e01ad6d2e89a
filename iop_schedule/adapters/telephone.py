"""Telephone numbers as people type them, in the one form they are stored and compared in."""

import phonenumbers

#: Numbers without a country code are of this region.
REGION = "US"


def international(typed: str, region: str = REGION) -> str | None:
    """Return a number as +12025550142, or None when it is no number a telephone could have.

    >>> international("(202) 555-0142"), international("+52 55 1234 5678"), international("12345")
    ('+12025550142', '+525512345678', None)
    """
    if len(typed) > 40:  # noqa: PLR2004 - longer than any number with its blanks
        return None
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def as_read(number: str, region: str = REGION) -> str:
    """Return a stored number as people of `region` read it.

    >>> as_read("+12025550142"), as_read("+525512345678")
    ('(202) 555-0142', '+52 55 1234 5678')
    """
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return number
    at_home = phonenumbers.region_code_for_number(parsed) == region
    form = (
        phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(parsed, form)

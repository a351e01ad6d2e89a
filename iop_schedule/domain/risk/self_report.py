"""Scoring of the Brief Addiction Monitor from its 17 items, or review flags from its three subscales.

Only numbers: the wording of the items is not ours to ship. A flag opens a line for a clinician to look
at; it is never added to the attendance statistic, because no item was found to predict staying in care.

Source: docs/sources.md#brief-addiction-monitor
"""

from collections.abc import Mapping
from dataclasses import dataclass

from iop_schedule.errors import NotPossible

USE_ITEMS = ("4", "5", "6")
RISK_ITEMS = ("1", "2", "3", "8", "11", "15")
PROTECTIVE_ITEMS = ("9", "10", "12", "13", "14", "16")
#: Items that stand alone: kept, never summed.
SINGLE_ITEMS = ("7A", "7B", "7C", "7D", "7E", "7F", "7G", "17")

#: From here on the subscales ask for a look. Source: docs/sources.md#brief-addiction-monitor
USE_REVIEW_FROM = 1
RISK_REVIEW_FROM = 12
PROTECTIVE_REVIEW_TO = 12

_MOST_PER_ITEM = 4
_KNOWN = frozenset(USE_ITEMS + RISK_ITEMS + PROTECTIVE_ITEMS + SINGLE_ITEMS)
_MOST_OF = {"use": 12, "risk": 24, "protective": 24}


class BadAnswer(NotPossible):
    """An answer is not on the form. Enter whole numbers from 0 to 4."""


@dataclass(frozen=True, slots=True)
class SelfReport:
    """The three subscales; None where an item is missing. There is no total.

    `use` runs from 0 to 12, `risk` and `protective` from 0 to 24; more protection is better.
    """

    use: int | None
    risk: int | None
    protective: int | None

    def __post_init__(self) -> None:
        """Refuse subscales outside their range."""
        for name, most in _MOST_OF.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= most:
                message = f"The {name} subscale runs from 0 to {most}, not {value}. Check the form."
                raise BadAnswer(message, field=name)

    @property
    def flags(self) -> tuple[str, ...]:
        """Return one phrase per subscale that crosses its published cut-off; missing ones raise none."""
        crossed = (
            (self.use is not None and self.use >= USE_REVIEW_FROM, f"use {self.use} of 12"),
            (self.risk is not None and self.risk >= RISK_REVIEW_FROM, f"risk {self.risk} of 24"),
            (
                self.protective is not None and self.protective <= PROTECTIVE_REVIEW_TO,
                f"protective {self.protective} of 24",
            ),
        )
        return tuple(words for holds, words in crossed if holds)


def score(answers: Mapping[str, int | None]) -> SelfReport:
    """Return the subscales of scored items 0 to 4, keyed by item: "1" to "17", "7A" to "7G".

    Item 5 is 0 when item 4 is 0 and 5 was left out, as the form says. A missing item leaves its
    subscale without a score.

    Raises:
        BadAnswer: an unknown item, a number outside 0 to 4, or item 5 above 0 although item 4 is 0.
    """
    given = {item: value for item, value in answers.items() if value is not None}
    for item, value in given.items():
        if item not in _KNOWN:
            message = f"Item {item} is not on the form. Items are 1 to 6, 7A to 7G and 8 to 17."
            raise BadAnswer(message, field=item)
        if not 0 <= value <= _MOST_PER_ITEM:
            message = f"Item {item} is scored 0 to 4, not {value}. Check the form."
            raise BadAnswer(message, field=item)
    if given.get("4") == 0 and given.setdefault("5", 0) != 0:
        message = "Item 5 must be 0 when item 4 is 0. Check both answers."
        raise BadAnswer(message, field="5")
    return SelfReport(
        use=_sum(given, USE_ITEMS), risk=_sum(given, RISK_ITEMS), protective=_sum(given, PROTECTIVE_ITEMS)
    )


def _sum(given: Mapping[str, int], items: tuple[str, ...]) -> int | None:
    if any(item not in given for item in items):
        return None
    return sum(given[item] for item in items)

"""Names on a list of people, so that no two of them read the same."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from iop_schedule.models.people import short_name


def names_apart(people: Collection[Any]) -> dict[int, str]:
    """Return the short name of each client by id; where several share one, with their code behind it.

    `people` are clients, or rows with their id, code and the three parts of the name.
    """
    names = {one.id: short_name(one.given_name, one.family_name, one.preferred_name) for one in people}
    shared = Counter(name.casefold() for name in names.values())
    return {
        one.id: f"{names[one.id]} ({one.code})" if shared[names[one.id].casefold()] > 1 else names[one.id]
        for one in people
    }

"""Names on a list of people, so that no two of them read the same."""

from collections import Counter
from collections.abc import Collection

from iop_schedule.models import Client


def names_apart(clients: Collection[Client]) -> dict[int, str]:
    """Return the short name of each client by id; where several share one, with their code behind it."""
    shared = Counter(client.short_name.casefold() for client in clients)
    return {
        client.id: f"{client.short_name} ({client.code})"
        if shared[client.short_name.casefold()] > 1
        else client.short_name
        for client in clients
    }

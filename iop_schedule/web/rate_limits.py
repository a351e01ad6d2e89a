"""How often something may be asked for, counted in this process's memory; forgotten when it ends."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from datetime import datetime, timedelta
from threading import Lock

#: Keys remembered at once; beyond that the longest unheard is forgotten.
MOST_KEYS = 20_000


class RateLimit:
    """At most so many of something within a span, for each key; safe to use from several threads."""

    def __init__(self, most: int, per: timedelta) -> None:
        self._most, self._per = most, per
        self._seen: OrderedDict[Hashable, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def wait(self, key: Hashable, now: datetime) -> int:
        """Count one more for `key`; return 0, or the seconds to wait when it is one too many.

        What is refused is not counted, so whoever waits as told is heard.
        """
        with self._lock:
            times = self._seen.setdefault(key, deque())
            self._seen.move_to_end(key)
            while times and now - times[0] >= self._per:
                times.popleft()
            if len(times) >= self._most:
                return max(1, round((times[0] + self._per - now).total_seconds()))
            times.append(now)
            if len(self._seen) > MOST_KEYS:
                self._seen.popitem(last=False)
            return 0

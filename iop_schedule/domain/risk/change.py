"""The CHANGE channel: two cumulative sums per client that notice when misses become more than usual.

DROP listens for misses whose odds have multiplied, STOP for someone who has stopped coming. Both are
measured against the client's own usual share of misses, so a habitual low attender is not flagged for
being one, and a reliable client is flagged after two misses.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import log
from typing import NamedTuple

from iop_schedule.domain.risk.policy import MonitorPolicy

#: How many different usual shares keep their weights; more than a large program ever has at once.
_CACHED = 50_000


class Arm(StrEnum):
    """Which of the two sums crossed the threshold."""

    DROP = "drop"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class ChangeAlert:
    """One crossing of the threshold, with both sums as they stood before they were reset."""

    at: datetime
    arm: Arm
    drop: float
    stop: float
    #: The first session of the rise: the arm was zero before it.
    since: datetime
    #: The client's usual share of misses at that point, from 0 to 1.
    usual_miss: float


class Weights(NamedTuple):
    """What one missed and one attended session add to each sum, for one usual share of misses."""

    drop_missed: float
    drop_attended: float
    stop_missed: float
    stop_attended: float


class Arms:
    """The formulas of both arms under one policy, with the logarithms kept for shares met before."""

    __slots__ = ("drop_odds", "floor", "known", "prior_misses", "roof", "stop_miss", "strength")

    def __init__(self, policy: MonitorPolicy) -> None:
        self.strength = policy.personal_strength
        self.prior_misses = (1 - policy.prior_mean) * policy.personal_strength
        self.floor, self.roof = policy.lowest_usual_miss, policy.highest_usual_miss
        self.drop_odds, self.stop_miss = policy.drop_odds, policy.stop_miss
        self.known: dict[float, Weights] = {}

    def usual_miss(self, misses: float, sessions: float) -> float:
        """Return a client's usual share of misses: learnt, shrunk to the program's, kept in range."""
        share = (self.prior_misses + misses) / (self.strength + sessions)
        if share < self.floor:
            return self.floor
        return self.roof if share > self.roof else share

    def weights(self, usual_miss: float) -> Weights:
        """Return the log likelihood ratios of both arms against `usual_miss`."""
        known = self.known.get(usual_miss)
        if known is None:
            if len(self.known) >= _CACHED:
                self.known.clear()
            known = self.known[usual_miss] = self._weights(usual_miss)
        return known

    def _weights(self, q: float) -> Weights:
        drop = min(self.stop_miss, self.drop_odds * q / (1 + (self.drop_odds - 1) * q))
        stop = max(self.stop_miss, drop)
        return Weights(
            drop_missed=log(drop / q),
            drop_attended=log((1 - drop) / (1 - q)),
            stop_missed=log(stop / q),
            stop_attended=log((1 - stop) / (1 - q)),
        )

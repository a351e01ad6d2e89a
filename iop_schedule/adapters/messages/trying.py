"""Stand-ins for a provider: the terminal for trying things out, a list for tests."""

import sys
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, TextIO

from iop_schedule.adapters.messages.contract import Accepted, Outgoing
from iop_schedule.vocabulary import ProviderCapability


@dataclass
class NullMessages:
    """Keeps what was sent, for tests."""

    capability: ProviderCapability = ProviderCapability.NONE
    repeats_when_unsure: int = 1
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, outgoing: Outgoing) -> str:
        """Remember the message."""
        self.sent.append(outgoing)
        return ""

    def accepted(self, to: str, *, since: datetime) -> list[Accepted]:  # noqa: ARG002
        """Return the messages remembered for `to`."""
        return [Accepted(f"null-{out.id}", out.text) for out in self.sent if out.to == to]

    def close(self) -> None:
        """Do nothing."""


@dataclass
class ConsoleMessages:
    """Prints each message, for trying things out. Shows addresses: not for real people's data."""

    capability: ClassVar[ProviderCapability] = ProviderCapability.NONE
    repeats_when_unsure: ClassVar[int] = 1
    out: TextIO | None = None

    def send(self, outgoing: Outgoing) -> str:
        """Print the message."""
        out = self.out or sys.stdout
        subject = f"Subject: {outgoing.subject}\n" if outgoing.subject else ""
        out.write(f"To: {outgoing.to}\n{subject}\n{outgoing.text}\n")
        out.flush()
        return ""

    def accepted(self, to: str, *, since: datetime) -> list[Accepted]:  # noqa: ARG002
        """Return nothing: a terminal remembers nothing."""
        return []

    def close(self) -> None:
        """Do nothing."""

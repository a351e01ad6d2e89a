"""Ports for what tests start, and for what must not be there."""

import secrets
from socket import socket

#: Below the ports the system gives to whoever asks for none in particular, as every outgoing connection
#: does: it would sooner or later give away one of ours between looking for it and listening at it.
_LOWEST, _COUNT = 10_000, 20_000


def free_port() -> int:
    """Return a port of the loopback at which nobody listens."""
    while True:
        port = _LOWEST + secrets.randbelow(_COUNT)
        with socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port

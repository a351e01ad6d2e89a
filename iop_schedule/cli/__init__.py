"""Commands: `flask --app wsgi NAME`. Each is a verb that calls one action or adapter."""

from flask import Flask


def register(app: Flask) -> None:
    """Add every command to `app`."""
    del app

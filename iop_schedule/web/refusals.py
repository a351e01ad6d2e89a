"""What a view does with a refusal: nothing of it stays, and it is said where the person looks.

What is not there or not theirs is no refusal to explain; it goes on to its own page.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import flash
from flask_wtf import FlaskForm

from iop_schedule.actions import transactions
from iop_schedule.errors import DomainError, NotAllowed, NotFound
from iop_schedule.web.forms.fields import blame


@contextmanager
def said_in(form: FlaskForm) -> Iterator[None]:
    """Say a refusal beside the field it is about; the block is left at it."""
    with _said(lambda refused: blame(form, refused, {})):
        yield


@contextmanager
def said_on_top() -> Iterator[None]:
    """Say a refusal on top of the next page; the block is left at it."""
    with _said(lambda refused: flash(refused.message, "warning")):
        yield


@contextmanager
def _said(say: Callable[[DomainError], None]) -> Iterator[None]:
    try:
        yield
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        transactions.abandon()
        say(refused)

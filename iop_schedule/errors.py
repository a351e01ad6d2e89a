"""What can go wrong in the product's own terms; each docstring is the sentence people see."""

from typing import Any, ClassVar


class DomainError(Exception):
    """That could not be done."""

    #: HTTP status the web layer answers with.
    status: ClassVar[int] = 422

    def __init__(self, message: str | None = None, *, field: str | None = None, **data: Any) -> None:
        """Keep the sentence, the form field it belongs to (if any) and the data behind it."""
        self.message = message or (type(self).__doc__ or "").strip().split("\n")[0]
        self.field = field
        self.data = data
        super().__init__(self.message)


class NotPossible(DomainError):
    """That is not possible. Check the highlighted entries and try again."""


class Conflict(DomainError):
    """Someone else changed this at the same time. Look at both versions and save again."""

    status = 409


class NotAllowed(DomainError):
    """Your role does not include this. Ask an administrator of your site."""

    status = 403


class NotFound(DomainError):
    """This page does not exist, or it is not yours to see."""

    status = 404


class TooManyAttempts(DomainError):
    """Too many attempts. Wait a few minutes and try again."""

    status = 429

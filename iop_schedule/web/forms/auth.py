"""What people type to sign in and to choose a password."""

from dataclasses import dataclass, field

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from iop_schedule.adapters.passwords import LONGEST

_NOT_LONGER = Length(max=LONGEST, message=f"A password has at most {LONGEST} characters.")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An address and a password as typed."""

    address: str
    password: str = field(repr=False)


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Email address and password."""

    email = StringField(
        "Email address",
        [
            InputRequired("Enter your email address."),
            Length(max=254, message="Enter your email address, like name@example.org."),
        ],
    )
    password = PasswordField("Password", [InputRequired("Enter your password."), _NOT_LONGER])

    def value(self) -> Credentials:
        """Return what was typed."""
        return Credentials(self.email.data or "", self.password.data or "")


class SetPasswordForm(FlaskForm):  # type: ignore[misc]
    """A first password, or a new one after the old one was forgotten."""

    password = PasswordField("New password", [InputRequired("Choose a password."), _NOT_LONGER])

    def value(self) -> str:
        """Return what was typed."""
        return self.password.data or ""


class ChangePasswordForm(SetPasswordForm):
    """A new password, together with the one in use."""

    current = PasswordField(
        "Current password", [InputRequired("Enter the password you use now."), _NOT_LONGER]
    )

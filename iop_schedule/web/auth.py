"""Signing in and out, choosing a password, one's own account."""

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_security.utils import login_user, logout_user

from iop_schedule.actions import accounts, transactions
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotPossible, TooManyAttempts
from iop_schedule.queries import people
from iop_schedule.web.forms.auth import ChangePasswordForm, SetPasswordForm, SignInForm
from iop_schedule.web.presenting import LETTERS_COOKIE, LETTERS_OFF, THEME_COOKIE, THEMES
from iop_schedule.web.security import (
    SAFE_METHODS,
    actor,
    begin_session,
    own_path,
    requires,
    settings,
    source,
)

auth = Blueprint("auth", __name__)

_A_YEAR = 365 * 24 * 3600


@auth.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Ask for address and password; every reason why they are not accepted gets the same page."""
    if current_user.is_authenticated:
        return redirect(url_for("home.index"))
    form = SignInForm()
    if request.method in SAFE_METHODS:
        return _sign_in_page(form)
    if not form.validate():
        return _sign_in_page(form, status=422)
    try:
        typed = form.value()
        begun = accounts.sign_in(
            address=typed.address,
            password=typed.password,
            source=source(),
            key=settings().secret_key,
            now=g.now,
        )
    except (accounts.WrongCredentials, TooManyAttempts) as error:
        form.form_errors.append(error.message)
        return _sign_in_page(form, status=error.status, retry_after=error.data.get("retry_after"))
    begin_session(begun.token)
    login_user(begun.user, remember=False)
    return redirect(own_path(request.args.get("next")) or url_for("home.index"))


@auth.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session, and what the browser keeps of it."""
    accounts.sign_out(actor=actor(), session_id=g.sign_in.id, now=g.now)
    return _signed_out("You are signed out.")


@auth.route("/set-password/<token>", methods=["GET", "POST"])
def set_password(token: str) -> ResponseReturnValue:
    """Let the holder of a one-time link choose a password; opening the link changes nothing."""
    key = settings().secret_key
    form = SetPasswordForm()
    try:
        accounts.check_link(token, key=key, now=g.now)
        if request.method in SAFE_METHODS:
            return render_template("account/set_password.html", form=form, token=token)
        if not form.validate():
            return render_template("account/set_password.html", form=form, token=token), 422
        accounts.choose_password(token=token, password=form.value(), key=key, now=g.now)
    except accounts.LinkEnded:
        transactions.abandon()
        return render_template("account/link_ended.html"), 404
    except NotPossible as error:
        _put(error, form)
        return render_template("account/set_password.html", form=form, token=token), 422
    flash("Your password is set. Sign in with it now.", "success")
    return redirect(url_for("auth.sign_in"))


@auth.get("/account")
@requires(Permission.ACCOUNT)
def account() -> ResponseReturnValue:
    """Show the person's own account."""
    return _account_page(ChangePasswordForm())


@auth.post("/account/password")
@requires(Permission.ACCOUNT)
def change_password() -> ResponseReturnValue:
    """Change one's own password; every other browser is signed out."""
    form = ChangePasswordForm()
    if not form.validate():
        return _account_page(form, status=422)
    try:
        token = accounts.change_password(
            actor=actor(),
            current=form.current.data or "",
            password=form.value(),
            source=source(),
            key=settings().secret_key,
            now=g.now,
        )
    except (NotPossible, TooManyAttempts) as error:
        _put(error, form)
        return _account_page(form, status=error.status)
    begin_session(token)
    login_user(people.own_login(actor()), remember=False)
    flash("Your password is changed. Every other device is signed out.", "success")
    return redirect(url_for("auth.account"))


@auth.post("/account/appearance")
@requires(Permission.ACCOUNT)
def appearance() -> ResponseReturnValue:
    """Keep the colors and whether single letters are keys in cookies of this browser."""
    theme, letters = request.form.get("theme", ""), request.form.get("letters", "")
    response = make_response(redirect(url_for("auth.account")))
    _keep(response, THEME_COOKIE, theme if theme in THEMES else "")
    _keep(response, LETTERS_COOKIE, letters if letters == LETTERS_OFF else "")
    flash("Appearance saved on this device.", "success")
    return response


def _keep(response: Response, name: str, value: str) -> None:
    """Set a cookie for a year; an empty value takes it away."""
    if not value:
        response.delete_cookie(name)
        return
    secure = settings().secure_cookies
    response.set_cookie(name, value, max_age=_A_YEAR, samesite="Lax", secure=secure, httponly=True)


@auth.post("/account/sign-out-everywhere")
@requires(Permission.ACCOUNT)
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session of the person, this one too."""
    accounts.sign_out_everywhere(actor=actor(), now=g.now)
    return _signed_out("You are signed out on every device.")


def _sign_in_page(
    form: SignInForm, *, status: int = 200, retry_after: int | None = None
) -> ResponseReturnValue:
    response = make_response(render_template("account/sign_in.html", form=form), status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _account_page(form: ChangePasswordForm, *, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "account/account.html",
        form=form,
        account=people.own_account(actor()),
        chosen_theme=request.cookies.get(THEME_COOKIE, ""),
    )
    return page, status


def _signed_out(words: str) -> Response:
    logout_user()
    session.clear()
    response = make_response(redirect(url_for("auth.sign_in")))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    flash(words, "info")
    return response


def _put(error: DomainError, form: SetPasswordForm) -> None:
    """Show an error's sentence at its field, or above the form."""
    transactions.abandon()
    field = getattr(form, error.field or "", None)
    (field.errors if field is not None else form.form_errors).append(error.message)

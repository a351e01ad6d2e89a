"""Sign-in under pressure: many guesses at once, one link used twice, an account changed meanwhile."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import func, select

from iop_schedule.actions import accounts
from iop_schedule.adapters import passwords
from iop_schedule.errors import DomainError, NotPossible, TooManyAttempts
from iop_schedule.models import SignInAttempt, SignInSession, User, db
from tests.cast import Cast
from tests.conftest import NOW
from tests.factories import PASSWORD

KEY = "k" * 40


def sign_in(address: str, password: str = PASSWORD, *, source: str = "192.0.2.1") -> accounts.SignedIn:
    return accounts.sign_in(address=address, password=password, source=source, key=KEY, now=NOW)


def at_once(app: Flask, tries: int, attempt) -> list[str]:  # type: ignore[no-untyped-def]
    """Run `attempt` in threads that begin together; return the kinds of what happened."""
    start, outcomes = Barrier(tries), []

    def run(number: int) -> None:
        with app.app_context():
            start.wait(timeout=300)
            try:
                attempt(number)
                outcomes.append("done")
            except DomainError as error:
                db.session.rollback()
                outcomes.append(type(error).__name__)
            finally:
                db.session.remove()

    threads = [Thread(target=run, args=(number,)) for number in range(tries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    return sorted(outcomes)


def test_guesses_at_the_same_moment_are_counted_one_by_one(app: Flask, cast: Cast) -> None:
    email = cast.carol.email
    db.session.rollback()
    db.session.remove()
    outcomes = at_once(
        app, 12, lambda number: sign_in(email, f"guess number {number}", source=f"192.0.2.{number}")
    )
    assert len(outcomes) == 12
    assert outcomes.count("WrongCredentials") <= 5
    assert db.session.scalar(select(func.count()).select_from(SignInAttempt)) <= 5


def test_of_two_uses_of_one_link_one_wins(app: Flask, cast: Cast) -> None:
    token = accounts.make_link(cast.carol, key=KEY, now=NOW)
    db.session.commit()
    email = cast.carol.email
    db.session.rollback()
    db.session.remove()
    choices = ("violet anchor parsnip", "copper lantern thistle")
    outcomes = at_once(
        app,
        2,
        lambda number: accounts.choose_password(token=token, password=choices[number], key=KEY, now=NOW),
    )
    assert outcomes == ["LinkEnded", "done"]
    works = []
    for choice in choices:
        try:
            works.append(sign_in(email, choice).user.email)
        except accounts.WrongCredentials:
            db.session.rollback()
    assert works == [email]


@pytest.mark.parametrize("change", ["disabled", "other password"])
def test_an_account_changed_while_its_password_is_checked_lets_nobody_in(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    real = passwords.matches

    def meanwhile(password: str, stored: str | None) -> bool:
        user = db.session.scalars(select(User).where(User.email == "carol@example.org")).unique().one()
        if change == "disabled":
            user.active = False
        else:
            user.password = passwords.hashed("violet anchor parsnip")
        db.session.commit()
        return real(password, stored)

    monkeypatch.setattr(passwords, "matches", meanwhile)
    with pytest.raises(accounts.WrongCredentials):
        sign_in("carol@example.org")
    assert db.session.scalars(select(SignInSession)).all() == []


def test_no_more_than_two_hashes_are_computed_at_a_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    working, most = [], []
    gate = Barrier(1)

    def slow(password: str) -> str:
        working.append(password)
        most.append(len(working))
        gate.wait(timeout=5)
        working.remove(password)
        return "hash"

    monkeypatch.setattr(passwords, "hash_password", slow)

    def attempt(number: int) -> None:
        passwords.hashed(f"password {number}")

    outcomes = at_once(app, 10, attempt)
    assert max(most) <= 2
    assert set(outcomes) <= {"done", "TooManyAttempts"}


def test_the_room_is_free_again_after_a_failure(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(password: str) -> str:
        raise RuntimeError(password)

    monkeypatch.setattr(passwords, "hash_password", broken)
    for _ in range(10):
        with pytest.raises(RuntimeError):
            passwords.hashed("anything")


def test_one_password_typed_on_two_keyboards_is_one_password(app: Flask) -> None:
    assert passwords.matches("cafe\u0301 on the corner", passwords.hashed("caf\u00e9 on the corner"))


def test_nobodys_password_matches_nothing(app: Flask) -> None:
    assert not passwords.matches("nobody has this password", None)


def test_a_link_is_not_made_for_an_account_that_is_off(cast: Cast) -> None:
    cast.carol.active = False
    with pytest.raises(NotPossible, match="turned off"):
        accounts.make_link(cast.carol, key=KEY, now=NOW)


def test_a_link_signed_with_another_key_is_not_ours(cast: Cast) -> None:
    token = accounts.make_link(cast.carol, key="x" * 40, now=NOW)
    db.session.commit()
    with pytest.raises(accounts.LinkEnded):
        accounts.check_link(token, key=KEY, now=NOW)


def test_failures_are_forgotten_after_a_quarter_of_an_hour(cast: Cast) -> None:
    for _ in range(5):
        with pytest.raises(accounts.WrongCredentials):
            sign_in(cast.carol.email, "wrong")
    with pytest.raises(TooManyAttempts):
        sign_in(cast.carol.email)
    later = NOW + timedelta(minutes=15)
    assert accounts.sign_in(
        address=cast.carol.email, password=PASSWORD, source="192.0.2.1", key=KEY, now=later
    ).token

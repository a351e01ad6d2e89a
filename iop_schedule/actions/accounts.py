"""Signing in and out, choosing passwords, ending sessions.

A sign-in is three short steps, so that no lock is held while a password is hashed: the try is counted
and stored, the password is checked with no transaction open, the outcome is stored.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, delete, func, select, update

from iop_schedule.actions import audit
from iop_schedule.adapters import passwords, tokens
from iop_schedule.domain import sign_in as rules
from iop_schedule.errors import Conflict, DomainError, NotPossible, TooManyAttempts
from iop_schedule.models import SignInAttempt, SignInSession, User, db
from iop_schedule.models.base import write_transaction
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import AuditKind, Evidence

_LINK = "set-password"


class WrongCredentials(NotPossible):
    """That email address and password do not match. Check both, or ask your program office for a new link."""


class LinkEnded(DomainError):
    """This link has been used or is too old. Ask your program office for a new one."""

    status = 404


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has just begun; `token` goes into the cookie and is kept nowhere else."""

    user: User
    token: str


def sign_in(*, address: str, password: str, source: str, key: str, now: datetime) -> SignedIn:
    """Begin a session for the person with this address and password.

    Args:
        address: e-mail address as typed.
        password: as typed, at most `passwords.LONGEST` characters.
        source: where the request comes from, as a network address; only its keyed hash is stored.
        key: the deployment's secret.
        now: when.

    Raises:
        WrongCredentials: unknown address, wrong password, no password yet, or disabled: one answer.
        TooManyAttempts: too many failures lately; its data says in `retry_after` how many seconds to wait.
    """
    attempt_id = _count_attempt(address, source=source, key=key, now=now)
    user_id, stored = _stored_password(address)
    if not _matches(password, stored, attempt_id) or user_id is None:
        _refuse(user_id, now=now)
        raise WrongCredentials
    user = db.session.scalars(_locked_user(user_id)).unique().one()
    if not user.active or user.password != stored:
        _refuse(user_id, now=now)
        raise WrongCredentials
    _succeeded(attempt_id)
    token = _begin_session(user, now=now)
    audit.record(AuditKind.SIGNED_IN, actor=actor_for(user), now=now, subject=("user", user.id))
    db.session.commit()
    return SignedIn(user, token)


def sign_out(*, actor: Actor, session_id: int, now: datetime) -> None:
    """End one session: its cookie, and every copy of it, is worth nothing from now on."""
    _end(SignInSession.id == session_id, now=now)
    audit.record(AuditKind.SIGNED_OUT, actor=actor, now=now, subject=("user", actor.user_id))
    db.session.commit()


def sign_out_everywhere(*, actor: Actor, now: datetime) -> None:
    """End every session of the person who asks."""
    user = db.session.scalars(_locked_user(actor.user_id)).unique().one()
    end_sessions(user, now=now)
    audit.record(
        AuditKind.SIGNED_OUT, actor=actor, now=now, subject=("user", user.id), details={"everywhere": True}
    )
    db.session.commit()


def note_seen(session_id: int, *, now: datetime) -> None:
    """Note that a session is in use; in a transaction of its own, at most once a minute."""
    with write_transaction():
        db.session.execute(
            update(SignInSession)
            .where(
                SignInSession.id == session_id,
                SignInSession.ended_at.is_(None),
                SignInSession.last_seen_at <= now - rules.SEEN_EVERY,
            )
            .values(last_seen_at=now)
        )


def end_sessions(user: User, *, now: datetime) -> None:
    """End every session of `user`, and every link for choosing a password, in the caller's transaction."""
    user.fs_uniquifier = uuid4().hex
    _end(SignInSession.user_id == user.id, now=now)


def make_link(user: User, *, key: str, now: datetime, by: Actor | None = None) -> str:
    """Return the secret part of an address where `user` can choose a password, once.

    Ends their sessions and every earlier link. The caller records and commits. `by` has seen the link, so
    the password chosen with it is noted as one by a link of theirs.

    Raises:
        NotPossible: the account is disabled.
    """
    if not user.active:
        message = "This account is turned off. Turn it on before you make a link."
        raise NotPossible(message)
    end_sessions(user, now=now)
    content = {
        "user": user.id,
        "stamp": tokens.token_hash(user.fs_uniquifier),
        "by": by.user_id if by else None,
    }
    return tokens.sign_link(key, _LINK, content, until=now + rules.LINK_LASTS)


def check_link(token: str, *, key: str, now: datetime) -> User:
    """Return whose link this is.

    Raises:
        LinkEnded: it was used, replaced, is too old, was never ours, or the account is off: one answer.
    """
    return _user_of_link(token, key=key, now=now)


def choose_password(*, token: str, password: str, key: str, now: datetime) -> None:
    """Store the password that the holder of a link has chosen; the link and all sessions end.

    Raises:
        LinkEnded: as `check_link`, also when somebody else used the link a moment earlier.
        NotPossible: the password is too easy to guess.
    """
    user = _user_of_link(token, key=key, now=now)
    _refuse_weak(password, user)
    db.session.rollback()
    stored = passwords.hashed(password)
    user = _user_of_link(token, key=key, now=now, locked=True)
    made_by = (tokens.read_link(key, _LINK, token, now=now) or {}).get("by")
    _store_password(
        user, stored, actor=actor_for(user), now=now, details={"by": Evidence.LINK, "link_made_by": made_by}
    )


def change_password(
    *, actor: Actor, current: str, password: str, source: str, key: str, now: datetime
) -> str:
    """Change the actor's own password; every session ends, and a new one begins, whose token is returned.

    Raises:
        NotPossible: the current password is wrong, or the new one too easy to guess.
        TooManyAttempts: too many wrong current passwords.
    """
    user = db.session.get_one(User, actor.user_id)
    address, stored = user.email, user.password
    _refuse_weak(password, user)
    attempt_id = _count_attempt(address, source=source, key=key, now=now)
    if not _matches(current, stored, attempt_id):
        message = "That is not your current password. Type it again."
        raise NotPossible(message, field="current")
    new = passwords.hashed(password)
    user = db.session.scalars(_locked_user(actor.user_id)).unique().one()
    if user.password != stored or not user.active:
        raise Conflict
    _succeeded(attempt_id)
    _store_password(user, new, actor=actor, now=now, commit=False)
    token = _begin_session(user, now=now)
    db.session.commit()
    return token


def forget_attempts(*, now: datetime) -> int:
    """Delete tries to sign in that no rule looks at any more; return how many."""
    done: Any = db.session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - rules.KNOWN_FOR))
    db.session.commit()
    return int(done.rowcount)


def _wait_words(seconds: int) -> str:
    """Return the sentence for someone who has to wait; nobody counts the seconds of a short wait."""
    how_long = "a few" if seconds < 10 else str(seconds)  # noqa: PLR2004 - a short wait
    return f"Too many attempts. Wait {how_long} seconds and try again."


def _count_attempt(address: str, *, source: str, key: str, now: datetime) -> int:
    """Store one more try, as failed until it has succeeded, or refuse it because of those before."""
    account = tokens.keyed_hash(key, "account", rules.same_address(address))
    origin = tokens.keyed_hash(key, "source", source)
    db.session.rollback()
    _one_at_a_time(account, origin)
    heard = _heard_at(account, origin, now=now)
    if heard is not None and heard > now:
        db.session.rollback()
        seconds = max(1, round((heard - now).total_seconds()))
        raise TooManyAttempts(_wait_words(seconds), retry_after=seconds)
    attempt = SignInAttempt(account_hash=account, source_hash=origin, at=now, succeeded=False)
    db.session.add(attempt)
    db.session.flush()
    attempt_id = attempt.id
    db.session.commit()
    return attempt_id


def _one_at_a_time(*hashes: str) -> None:
    """Let nobody else count for the same account or source until this transaction ends.

    On SQLite a transaction that may write is alone anyway.
    """
    if db.engine.dialect.name != "postgresql":
        return
    for number in sorted(int(text[:15], 16) for text in hashes):
        db.session.execute(select(func.pg_advisory_xact_lock(number)))


def _heard_at(account: str, origin: str, *, now: datetime) -> datetime | None:
    """Return the latest instant that any of the rules asks to wait for."""
    row = SignInAttempt
    came_in = db.session.scalars(
        select(func.max(row.at)).where(
            row.account_hash == account,
            row.source_hash == origin,
            row.succeeded,
            row.at > now - rules.KNOWN_FOR,
        )
    ).one()
    failed = select(row.at).where(row.succeeded.is_(False), row.at > now - rules.COUNTED_FOR)
    if came_in is not None:
        pair = failed.where(row.account_hash == account, row.source_hash == origin, row.at >= came_in)
        return rules.heard_at(_all(pair), rules.FOR_KNOWN_SOURCE)
    waits = (
        rules.heard_at(_all(failed.where(row.account_hash == account)), rules.FOR_ACCOUNT),
        rules.heard_at(_all(failed.where(row.source_hash == origin)), rules.FOR_SOURCE),
    )
    return max((wait for wait in waits if wait is not None), default=None)


def _all(statement: Select[datetime]) -> list[datetime]:
    return list(db.session.scalars(statement.order_by(SignInAttempt.at.desc()).limit(200)))


def _stored_password(address: str) -> tuple[int | None, str | None]:
    """Return whose address this is and their hash; no transaction is left open."""
    found = db.session.execute(
        select(User.id, User.password).where(func.lower(User.email) == rules.same_address(address))
    ).one_or_none()
    db.session.rollback()
    return (found[0], found[1]) if found else (None, None)


def _matches(password: str, stored: str | None, attempt_id: int) -> bool:
    try:
        return passwords.matches(password, stored)
    except TooManyAttempts:
        db.session.execute(delete(SignInAttempt).where(SignInAttempt.id == attempt_id))  # it was no guess
        db.session.commit()
        raise


def _refuse(user_id: int | None, *, now: datetime) -> None:
    user = db.session.get(User, user_id) if user_id is not None else None
    site_id = next(iter(actor_for(user).site_ids), None) if user else None
    audit.record(
        AuditKind.SIGN_IN_REFUSED,
        actor=None,
        now=now,
        subject=("user", user_id) if user_id is not None else None,
        site_id=site_id,
    )
    db.session.commit()


def _succeeded(attempt_id: int) -> None:
    db.session.execute(update(SignInAttempt).where(SignInAttempt.id == attempt_id).values(succeeded=True))


def _begin_session(user: User, *, now: datetime) -> str:
    token = tokens.new_token()
    db.session.add(
        SignInSession(user_id=user.id, token_hash=tokens.token_hash(token), created_at=now, last_seen_at=now)
    )
    return token


def _end(which: Any, *, now: datetime) -> None:
    db.session.execute(
        update(SignInSession).where(which, SignInSession.ended_at.is_(None)).values(ended_at=now)
    )


def _locked_user(user_id: int) -> Select[User]:
    return (
        select(User)
        .where(User.id == user_id)
        .with_for_update(of=User)
        .execution_options(populate_existing=True)
    )


def _user_of_link(token: str, *, key: str, now: datetime, locked: bool = False) -> User:
    content = tokens.read_link(key, _LINK, token, now=now) or {}
    statement = (
        _locked_user(content.get("user", 0)) if locked else select(User).where(User.id == content.get("user"))
    )
    user = db.session.scalars(statement).unique().one_or_none()
    if user is None or not user.active or tokens.token_hash(user.fs_uniquifier) != content["stamp"]:
        raise LinkEnded
    return user


def _refuse_weak(password: str, user: User) -> None:
    personal = (user.given_name, user.family_name, user.email.partition("@")[0])
    weakness = passwords.weakness(password, personal=personal)
    if weakness:
        raise NotPossible(weakness, field="password")


def _store_password(
    user: User,
    stored: str,
    *,
    actor: Actor,
    now: datetime,
    details: dict[str, Any] | None = None,
    commit: bool = True,
) -> None:
    user.password = stored
    end_sessions(user, now=now)
    subject = ("user", user.id)
    audit.record(AuditKind.ACCOUNT_PASSWORD_SET, actor=actor, now=now, subject=subject, details=details)
    if commit:
        db.session.commit()


def want_digests(*, actor: Actor, wanted: bool, now: datetime) -> None:
    """Say whether one wants a mail when sheets are to finish or people to reach."""
    user = db.session.get_one(User, actor.user_id)
    user.wants_digests = wanted
    audit.record(
        AuditKind.ACCOUNT_CHANGED,
        actor=actor,
        now=now,
        subject=("user", user.id),
        details={"digests": wanted},
    )
    db.session.commit()

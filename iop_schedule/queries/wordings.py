"""The words of messages: the newest version of each, else the built-in ones."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from iop_schedule.domain.reminders import BUILT_IN, Wording, wording_for
from iop_schedule.models import Group, MessageWording, Program, Site, User, db
from iop_schedule.queries.access import Actor
from iop_schedule.vocabulary import Channel, DeliveryPurpose, Role

SOMEONE_ELSE = "an administrator of another site"


@dataclass(frozen=True, slots=True)
class Worded:
    """The words of one message and which version they are; 0 is the built-in one."""

    wording: Wording
    version: int = 0
    wording_id: int | None = None
    written_at: datetime | None = None
    #: Only told to people who look at the versions.
    written_by: str = ""


def current_wording(purpose: DeliveryPurpose, channel: Channel, language: str) -> Worded:
    """Return the words to use now; those of English where a language has none."""
    code = language if (purpose, channel, language) in BUILT_IN else "en"
    row = db.session.scalars(
        select(MessageWording)
        .where(
            MessageWording.purpose == purpose,
            MessageWording.channel == channel,
            MessageWording.language == code,
        )
        .order_by(MessageWording.version.desc())
        .limit(1)
    ).one_or_none()
    return Worded(built_in(purpose, channel, code)) if row is None else _worded(row)


def built_in(purpose: DeliveryPurpose, channel: Channel, language: str) -> Wording:
    """Return the words a message is delivered with; those of English where a language has none."""
    return wording_for(purpose, channel, language if (purpose, channel, language) in BUILT_IN else "en")


def wording_of(wording_id: int | None, purpose: DeliveryPurpose, channel: Channel, language: str) -> Wording:
    """Return the words a message was rendered from."""
    row = db.session.get(MessageWording, wording_id) if wording_id is not None else None
    return Wording(row.subject, row.body) if row else wording_for(purpose, channel, language or "en")


def all_wordings(actor: Actor) -> dict[tuple[DeliveryPurpose, Channel, str], Worded]:
    """Return every message there is, with the words used now."""
    found = {key: Worded(wording) for key, wording in BUILT_IN.items()}
    for row in db.session.scalars(select(MessageWording).order_by(MessageWording.version)):
        key = DeliveryPurpose(row.purpose), Channel(row.channel), row.language
        if key in found:
            found[key] = _as_seen_by(actor, row)
    return found


def versions_of(actor: Actor, purpose: DeliveryPurpose, channel: Channel, language: str) -> list[Worded]:
    """Return every version that was ever written, newest first."""
    statement = (
        select(MessageWording)
        .where(
            MessageWording.purpose == purpose,
            MessageWording.channel == channel,
            MessageWording.language == language,
        )
        .order_by(MessageWording.version.desc())
    )
    return [_as_seen_by(actor, row) for row in db.session.scalars(statement)]


def _as_seen_by(actor: Actor, row: MessageWording) -> Worded:
    """Return words with who wrote them; administrators of other sites are not named."""
    writer = row.created_by
    is_near = bool(actor.site_ids.intersection(site.id for site in writer.sites))
    return replace(_worded(row), written_by=writer.name if is_near else SOMEONE_ELSE)


def _worded(row: MessageWording) -> Worded:
    return Worded(Wording(row.subject, row.body), row.version, row.id, row.created_at)


def private_names(actor: Actor) -> frozenset[str]:
    """Return the names of the actor's sites, their programs, groups and staff, which no message may contain.

    Names of other sites are not told, not even by refusing them: a message that would hold one goes out in
    the built-in words there.
    """
    own = actor.site_ids
    names = {
        *db.session.scalars(select(Site.name).where(Site.id.in_(own))),
        *db.session.scalars(select(Program.name).where(Program.site_id.in_(own))),
        *db.session.scalars(select(Group.name).join(Program).where(Program.site_id.in_(own))),
    }
    staff = db.session.scalars(select(User).where(User.sites.any(Site.id.in_(own)))).unique()
    names |= {
        name for user in staff if user.role is not Role.CLIENT for name in (user.given_name, user.family_name)
    }
    return frozenset(name for name in names if name)

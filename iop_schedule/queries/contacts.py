"""How clients may be written to: addresses, what they agreed to, their wishes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from sqlalchemy import Select, and_, select

from iop_schedule.domain import civil_time
from iop_schedule.domain.civil_time import UnknownZone
from iop_schedule.domain.reminders import DEFAULT_POLICY, LANGUAGES, NudgePolicy, Reach
from iop_schedule.models import Client, ContactConsent, ContactPoint, ContactWish, Site, db
from iop_schedule.vocabulary import Channel, ConsentPurpose, Evidence, StopReason

#: Channels over which a client can be written to from outside the application.
OUTSIDE = (Channel.EMAIL, Channel.SMS)


def reaches(
    client_ids: Iterable[int], channels: Sequence[Channel], *, policy: NudgePolicy = DEFAULT_POLICY
) -> dict[int, list[Reach]]:
    """Return, for each client, how they may be written to over each of `channels`, in that order."""
    wanted = sorted(set(client_ids))
    found: dict[int, list[Reach]] = {}
    for start in range(0, len(wanted), 500):
        batch = wanted[start : start + 500]
        points = {(p.client_id, p.channel): p for p in db.session.scalars(_points(batch))}
        consents = _consents(batch)
        wishes = {w.client_id: w for w in db.session.scalars(_wishes(batch))}
        rows = db.session.execute(
            select(Client.id, Client.user_id, Client.languages, Site.zone)
            .join(Site, Site.id == Client.site_id)
            .where(Client.id.in_(batch))
        )
        for row in rows:
            wish = wishes.get(row.id)
            general = Reach(
                channel=Channel.IN_APP,
                language=_language(wish, row.languages),
                zone=_zone(wish, row.zone),
                policy=with_wishes(policy, wish),
            )
            found[row.id] = [
                _in_app(general, has_account=row.user_id is not None)
                if channel is Channel.IN_APP
                else _outside(
                    general, channel, points.get((row.id, channel)), consents.get((row.id, channel))
                )
                for channel in channels
            ]
    return found


def _points(client_ids: Sequence[int]) -> Select[ContactPoint]:
    return select(ContactPoint).where(ContactPoint.client_id.in_(client_ids))


def _wishes(client_ids: Sequence[int]) -> Select[ContactWish]:
    return select(ContactWish).where(ContactWish.client_id.in_(client_ids))


@dataclass(slots=True)
class _Agreed:
    now: set[ConsentPurpose]
    once: set[ConsentPurpose]


def _consents(client_ids: Sequence[int]) -> Mapping[tuple[int, str], _Agreed]:
    found: dict[tuple[int, str], _Agreed] = {}
    rows = db.session.execute(
        select(
            ContactConsent.client_id, ContactConsent.channel, ContactConsent.purpose, ContactConsent.ended_at
        ).where(ContactConsent.client_id.in_(client_ids))
    )
    for row in rows:
        agreed = found.setdefault((row.client_id, row.channel), _Agreed(set(), set()))
        (agreed.now if row.ended_at is None else agreed.once).add(ConsentPurpose(row.purpose))
    return found


def _in_app(general: Reach, *, has_account: bool) -> Reach:
    # Nothing rings: what is read when somebody looks needs no quiet hours.
    policy = replace(general.policy, quiet_from=time(0), quiet_until=time(0))
    return replace(general, policy=policy, address="account" if has_account else "", confirmed=has_account)


def _outside(general: Reach, channel: Channel, point: ContactPoint | None, agreed: _Agreed | None) -> Reach:
    return replace(
        general,
        channel=channel,
        address=point.address if point else "",
        confirmed=point is not None and point.confirmed_at is not None,
        stopped=StopReason(point.stop_reason) if point and point.stop_reason else None,
        agreed=frozenset(agreed.now) if agreed else frozenset(),
        took_back=frozenset(agreed.once) if agreed else frozenset(),
    )


def _language(wish: ContactWish | None, languages: Sequence[str]) -> str:
    wanted = [wish.language] if wish and wish.language else list(languages)
    return next((code for code in wanted if code in LANGUAGES), LANGUAGES[0])


def _zone(wish: ContactWish | None, site_zone: str) -> str:
    if wish is None or not wish.zone:
        return site_zone
    try:
        civil_time.zone(wish.zone)
    except UnknownZone:
        return site_zone
    return wish.zone


def with_wishes(policy: NudgePolicy, wish: ContactWish | None) -> NudgePolicy:
    """Return the clinic's policy with what one client has wished for."""
    if wish is None:
        return policy
    if wish.quiet_from is not None and wish.quiet_until is not None:
        policy = replace(policy, quiet_from=wish.quiet_from, quiet_until=wish.quiet_until)
    if wish.days_before is not None and wish.remind_at is not None:
        policy = replace(policy, days_before=wish.days_before, at=wish.remind_at)
    return policy


@dataclass(frozen=True, slots=True)
class Agreement:
    """That a client agreed to be reminded at one address, since when, and how we know."""

    address: str
    since: datetime
    evidence: Evidence


def agreements(channel: Channel) -> dict[int, Agreement]:
    """Return who has agreed to reminders over one channel, by client; an address that is stopped has not."""
    rows = db.session.execute(
        select(
            ContactConsent.client_id, ContactConsent.given_at, ContactConsent.evidence, ContactPoint.address
        )
        .join(
            ContactPoint,
            and_(
                ContactPoint.client_id == ContactConsent.client_id,
                ContactPoint.channel == ContactConsent.channel,
            ),
        )
        .where(
            ContactConsent.channel == channel,
            ContactConsent.purpose == ConsentPurpose.REMINDERS,
            ContactConsent.ended_at.is_(None),
            ContactPoint.confirmed_at.is_not(None),
            ContactPoint.stopped_at.is_(None),
        )
    )
    return {row.client_id: Agreement(row.address, row.given_at, Evidence(row.evidence)) for row in rows}

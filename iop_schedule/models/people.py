"""Who signs in, who is served, and who is responsible for whom."""

from datetime import date

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Code, Id, Instant, Json, Name, Word, one_of
from iop_schedule.models.programs import Site
from iop_schedule.vocabulary import AssignmentRole, Gender, ModalityWish
from iop_schedule.vocabulary import Role as RoleName

user_role = Table(
    "user_role",
    Base.metadata,
    Column("user_id", ForeignKey("user.id"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)

user_site = Table(
    "user_site",
    Base.metadata,
    Column("user_id", ForeignKey("user.id"), primary_key=True),
    Column("site_id", ForeignKey("site.id"), primary_key=True),
)


class RoleRow(Base, RoleMixin):
    """One role a login can have; the sign-in library wants a table for it."""

    __tablename__ = "role"

    id: Mapped[Id]
    name: Mapped[Word] = mapped_column(unique=True)


class User(Base, UserMixin):
    """Someone who can sign in: staff, or a client with an account. Has exactly one role."""

    __tablename__ = "user"

    id: Mapped[Id]
    #: How the clinic's files name this staff member; none for clients.
    code: Mapped[str | None] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    #: None until the person has chosen a password; nobody can sign in with none.
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    #: Changes when every session of this person must end.
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    given_name: Mapped[Name]
    family_name: Mapped[Name]
    created_at: Mapped[Instant]
    #: Staff: wants a mail when sheets are to finish or people to reach.
    wants_digests: Mapped[bool] = mapped_column(default=True)

    roles: Mapped[list[RoleRow]] = relationship(secondary=user_role, lazy="joined")  # type: ignore[assignment]
    sites: Mapped[list[Site]] = relationship(secondary=user_site, lazy="selectin", order_by=Site.name)

    @property
    def role(self) -> RoleName:
        """Return the one role of this login."""
        return RoleName(self.roles[0].name)

    @property
    def name(self) -> str:
        """Return the name as it is said."""
        return f"{self.given_name} {self.family_name}".strip()


class SignInSession(Base):
    """One signed-in browser. Ends by sign-out, idleness, age or an administrator, not by its cookie."""

    __tablename__ = "sign_in_session"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    #: SHA-256 of the random value in the cookie.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]


class SignInAttempt(Base):
    """One try to sign in, for slowing down guessing. Holds hashes, not addresses."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index("ix_sign_in_attempt_account_at", "account_hash", "at"),
        Index("ix_sign_in_attempt_source_at", "source_hash", "at"),
    )

    id: Mapped[Id]
    account_hash: Mapped[str] = mapped_column(String(64))
    source_hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[Instant]
    succeeded: Mapped[bool]


def short_name(given_name: str, family_name: str, preferred_name: str) -> str:
    """Return preferred or given name and the last initial.

    >>> short_name("Katherine", "Sole", "Kayla")
    'Kayla S.'
    """
    called = preferred_name or given_name
    return f"{called} {family_name[:1]}.".strip() if family_name else called


class Client(Base):
    """A person receiving services. May or may not have a login."""

    __tablename__ = "client"
    __table_args__ = (
        one_of("gender", Gender),
        one_of("modality", ModalityWish),
        CheckConstraint("travel_minutes BETWEEN 0 AND 240", name="travel_is_a_trip"),
    )

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    #: The site that serves them now; staff of other sites do not see them.
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), unique=True)
    given_name: Mapped[Name]
    family_name: Mapped[Name]
    #: What they are called; used everywhere on screen.
    preferred_name: Mapped[str] = mapped_column(String(200), default="")
    #: Language codes they can take part in, first choice first, such as ["en", "es"].
    languages: Mapped[Json]
    gender: Mapped[Word] = mapped_column(default=Gender.UNSPECIFIED)
    modality: Mapped[Word] = mapped_column(default=ModalityWish.IN_PERSON)
    #: Minutes to get to the site, one way, unless a commitment says otherwise.
    travel_minutes: Mapped[int] = mapped_column(default=0)
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    #: A caller may leave a message, in neutral words; unless they said so, nobody does.
    may_leave_message: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[Instant]

    site: Mapped[Site] = relationship()

    @property
    def called(self) -> str:
        """Return the preferred name, else the given name."""
        return self.preferred_name or self.given_name

    @property
    def short_name(self) -> str:
        """Return preferred name and last initial, the form used on rosters and lists."""
        return short_name(self.given_name, self.family_name, self.preferred_name)

    @property
    def full_name(self) -> str:
        """Return the name for a record that must not be mistaken."""
        return f"{self.given_name} {self.family_name}".strip()


class Assignment(Base):
    """Who is responsible for a client, from a day to a day: the ground of access to the record."""

    __tablename__ = "assignment"
    __table_args__ = (
        one_of("role", AssignmentRole),
        CheckConstraint("until_day IS NULL OR until_day >= from_day", name="ends_after_it_starts"),
        Index("ix_assignment_client_role", "client_id", "role"),
        # By both, or SQLite goes through all clients of somebody to look for one of them.
        Index("ix_assignment_user_client", "user_id", "client_id"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    role: Mapped[Word]
    from_day: Mapped[date]
    #: Last day, included; open while empty.
    until_day: Mapped[date | None]

    client: Mapped[Client] = relationship()
    user: Mapped[User] = relationship()

"""Calendar feeds: whose sessions they hold, what they say, their secret links, and the stored body."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iop_schedule.models.base import Base, Id, Instant, Word, one_of
from iop_schedule.models.people import Client, User
from iop_schedule.models.programs import Room, Site
from iop_schedule.vocabulary import FeedDetail, FeedEnd, FeedReader


class CalendarFeed(Base):
    """The sessions of one client, one staff member or one room, as a calendar program reads them."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        one_of("detail", FeedDetail),
        CheckConstraint(
            "(CASE WHEN client_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN user_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN room_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_owner",
        ),
        CheckConstraint("alarm_minutes IS NULL OR alarm_minutes BETWEEN 5 AND 1440", name="alarm_sensible"),
    )

    id: Mapped[Id]
    #: Whose sessions: exactly one of the three. A client may have several feeds, the others one each.
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), unique=True)
    room_id: Mapped[int | None] = mapped_column(ForeignKey("room.id"), unique=True)
    #: What its owner calls it; never sent anywhere.
    label: Mapped[str] = mapped_column(String(60), default="")
    detail: Mapped[Word] = mapped_column(default=FeedDetail.NEUTRAL)
    #: The client's own words for a session and for the place.
    title: Mapped[str] = mapped_column(String(60), default="")
    place: Mapped[str] = mapped_column(String(60), default="")
    #: A display alarm so long before each session; none while empty.
    alarm_minutes: Mapped[int | None]
    created_at: Mapped[Instant]
    #: When what it says was last chosen.
    changed_at: Mapped[Instant]

    client: Mapped[Client | None] = relationship()
    user: Mapped[User | None] = relationship()
    room: Mapped[Room | None] = relationship()
    links: Mapped[list["CalendarLink"]] = relationship(back_populates="feed", order_by="CalendarLink.id")


class CalendarLink(Base):
    """One secret address of a feed. A new link ends the one before; the feed and its identifiers stay."""

    __tablename__ = "calendar_link"
    __table_args__ = (
        one_of("end_reason", FeedEnd),
        one_of("last_reader", FeedReader),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_with_reason"),
        Index(
            "uq_calendar_link_open",
            "feed_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    feed_id: Mapped[int] = mapped_column(ForeignKey("calendar_feed.id"), index=True)
    #: Keyed hash of the random part of the address, which is shown once and kept nowhere.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    end_reason: Mapped[str | None] = mapped_column(String(40))
    #: When a calendar program last read it, and of which family it was.
    last_read_at: Mapped[Instant | None]
    last_reader: Mapped[str | None] = mapped_column(String(40))

    feed: Mapped[CalendarFeed] = relationship(back_populates="links")


class CalendarBody(Base):
    """What a feed's links are answered with, kept until one of its sessions changes."""

    __tablename__ = "calendar_body"

    feed_id: Mapped[int] = mapped_column(ForeignKey("calendar_feed.id"), primary_key=True)
    #: Says of which sessions and settings this is the body.
    version: Mapped[str] = mapped_column(String(200))
    etag: Mapped[str] = mapped_column(String(64))
    #: When the bytes last became others; each change has a later second than the one before.
    changed_at: Mapped[Instant]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class CalendarPause(Base):
    """A site at which an administrator has switched calendar links off; its links serve nothing."""

    __tablename__ = "calendar_pause"

    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    since: Mapped[Instant]

    site: Mapped[Site] = relationship()

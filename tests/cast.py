"""The same people in every test.

Ana works shifts and Ben does the school run; both are clients of the site on Elm Street, where Carol is
their counselor, Dev their case manager and Root the administrator. Eve is a counselor, Mallory a case
manager and Trent the administrator of another site, where Zoe is a client: Elm Street's people must be
invisible to them, and they to Elm Street.
"""

from dataclasses import dataclass
from datetime import datetime, time

from iop_schedule.models import Client, Group, Program, Room, Series, Site, User
from iop_schedule.vocabulary import AssignmentRole, ConstraintKind, Role
from tests import factories as make


@dataclass(frozen=True, slots=True)
class Cast:
    """Everyone, and the places and groups they meet in."""

    elm: Site
    far: Site
    program: Program
    far_program: Program
    room: Room
    far_room: Room
    ana: Client
    ben: Client
    zoe: Client
    ana_user: User
    ben_user: User
    zoe_user: User
    carol: User
    dev: User
    root: User
    eve: User
    mallory: User
    trent: User
    #: Elm Street's group: Monday, Wednesday and Friday, 9:00 to 12:00, led by Carol.
    group: Group
    monday: Series
    wednesday: Series
    friday: Series
    #: The other site's group, led by Eve.
    far_group: Group
    far_monday: Series
    #: Ana's one-to-one with Carol, Thursday 14:00.
    one_to_one: Series


def make_cast(*, now: datetime) -> Cast:
    """Add the cast to the database and return it; the caller commits."""
    with make.together():
        elm = make.make_site(code="elm", name="Elm Street", address="210 Elm Street", phone="555-010-0142")
        far = make.make_site(code="far", name="Far Hills", zone="America/Los_Angeles", phone="555-010-0199")
        program = make.make_program(elm, code="elm-iop", name="Adult IOP")
        far_program = make.make_program(far, code="far-iop", name="Evening IOP")
        room, far_room = make.make_room(elm, name="Room 2"), make.make_room(far, name="Blue room")

        def staff(role: Role, site: Site, given: str, family: str) -> User:
            email = f"{given.lower()}@example.org"
            return make.make_user(
                role, site, code=given.lower(), email=email, given_name=given, family_name=family
            )

        carol = staff(Role.COUNSELOR, elm, "Carol", "Whitfield")
        dev = staff(Role.CASE_MANAGER, elm, "Dev", "Banerjee")
        root = staff(Role.ADMINISTRATOR, elm, "Root", "Okafor")
        eve = staff(Role.COUNSELOR, far, "Eve", "Lindqvist")
        mallory = staff(Role.CASE_MANAGER, far, "Mallory", "Tran")
        trent = staff(Role.ADMINISTRATOR, far, "Trent", "Silva")

        def login(given: str, family: str) -> User:
            email = f"{given.lower()}@example.net"
            return make.make_user(Role.CLIENT, email=email, given_name=given, family_name=family)

        ana_user, ben_user = login("Ana", "Quillfeather"), login("Ben", "Oxbridger")
        zoe_user = login("Zoe", "Umberhulk")

    def client(site: Site, user: User, **more: object) -> Client:
        return make.make_client(
            site, code=user.given_name.lower(), given_name=user.given_name, family_name=user.family_name,
            user_id=user.id, email=user.email, **more,
        )  # fmt: skip

    with make.together():
        ana, ben, zoe = client(elm, ana_user, travel_minutes=15), client(elm, ben_user), client(far, zoe_user)
        for person, counselor, manager, where in (
            (ana, carol, dev, program), (ben, carol, dev, program), (zoe, eve, mallory, far_program),
        ):  # fmt: skip
            make.make_assignment(person, counselor, AssignmentRole.COUNSELOR)
            make.make_assignment(person, manager, AssignmentRole.CASE_MANAGER)
            make.make_dose(make.make_enrollment(person, where))

        group = make.make_group(program, code="rpb", name="Relapse Prevention B")
        monday, wednesday, friday = (
            make.make_meeting(group, carol, code=f"rpb-{day}", weekday=day, room=room) for day in (0, 2, 4)
        )
        for meeting in (monday, wednesday, friday):
            make.make_member(meeting, ana)
            make.make_member(meeting, ben)
        far_group = make.make_group(far_program, code="far-evening", name="Evening Group")
        far_monday = make.make_meeting(
            far_group, eve, code="far-mo", weekday=0, local_start=time(17, 30), room=far_room
        )
        make.make_member(far_monday, zoe)
        one_to_one = make.make_individual(
            ana, program, carol, code="ana-1to1", weekday=3, local_start=time(14)
        )

        for weekday in (0, 1, 4):
            make.make_constraint(ana, ana_user, weekday=weekday, local_start=time(13), local_end=time(21))
        make.make_constraint(
            ben, ben_user, kind=ConstraintKind.CAREGIVING, label="school pick-up", weekday=2,
            local_start=time(14, 45), local_end=time(15, 30),
        )  # fmt: skip
    return Cast(
        elm=elm, far=far, program=program, far_program=far_program, room=room, far_room=far_room,
        ana=ana, ben=ben, zoe=zoe, ana_user=ana_user, ben_user=ben_user, zoe_user=zoe_user,
        carol=carol, dev=dev, root=root, eve=eve, mallory=mallory, trent=trent,
        group=group, monday=monday, wednesday=wednesday, friday=friday,
        far_group=far_group, far_monday=far_monday, one_to_one=one_to_one,
    )  # fmt: skip

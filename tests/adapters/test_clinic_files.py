"""Reading the clinic's files: what people's spreadsheets really look like, and what hostile ones do."""

import io
import tracemalloc
import zipfile
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.adapters.clinic_files import staging, values
from iop_schedule.adapters.clinic_files.dialect import LONGEST_LINE
from iop_schedule.adapters.clinic_files.problems import MOST_LISTED, Problems
from iop_schedule.adapters.clinic_files.rows import file_lines, read_rows
from iop_schedule.adapters.clinic_files.tables import BY_NAME, TABLES
from iop_schedule.adapters.clinic_files.values import BadCell, Kind

ROOMS = BY_NAME["rooms"]
CLOSURES = BY_NAME["closures"]


def read(path: Path, content: bytes | str, table: str = "rooms") -> tuple[list[dict[str, Any]], Problems]:
    """Return the good rows of a file with this content, and the problems."""
    file = path / "file.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    problems = Problems()
    rows = [row.values for row in read_rows(file, BY_NAME[table], problems) if not row.bad]
    return rows, problems


def places(problems: Problems) -> list[tuple[int, str, str]]:
    return [(p.line, p.column, p.written) for p in problems.listed]


GOOD = [{"site": "elm", "code": "1", "name": "Café", "seats": 14}]
HEADER = "site,code,name,seats\n"


@pytest.mark.parametrize(
    ("content", "note"),
    [
        pytest.param((HEADER + "elm,1,Café,14\n").encode(), "", id="UTF-8"),
        pytest.param(b"\xef\xbb\xbf" + (HEADER + "elm,1,Café,14\n").encode(), "", id="with byte order mark"),
        pytest.param((HEADER + "elm,1,Café,14").encode("cp1252"), "Windows-1252", id="as older Excel saves"),
        pytest.param("site;code;name;seats\nelm;1;Café;14\n".encode(), "", id="semicolons"),
        pytest.param("site\tcode\tname\tseats\nelm\t1\tCafé\t14\n".encode(), "", id="tabs"),
        pytest.param("site,code,name,seats\r\nelm,1,Café,14\r\n".encode(), "", id="Windows line ends"),
        pytest.param("site,code,name,seats\relm,1,Café,14\r".encode(), "", id="old Macintosh line ends"),
        pytest.param(
            '"site","code","name","seats"\n"elm","1"," Café ","14"\n'.encode(), "", id="quoted, spaced"
        ),
        pytest.param(
            "Seats,NAME , Code,Site,,\n14,Café,1,elm,,\n,,,,,\n".encode(), "", id="any order, blank ends"
        ),
    ],
)
def test_the_same_table_is_read_however_it_was_saved(tmp_path: Path, content: bytes, note: str) -> None:
    rows, problems = read(tmp_path, content)
    assert (rows, problems.listed) == (GOOD, [])
    assert [note in said for said in problems.notes] == ([True] if note else [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"\r\n  \r\n", "empty", id="blank"),
        pytest.param((HEADER + "elm,1,A,14").encode("utf-16"), "UTF-16", id="UTF-16 with mark"),
        pytest.param((HEADER + "elm,1,A,14").encode("utf-16-le"), "zero bytes", id="UTF-16 without mark"),
        pytest.param(HEADER.encode() + b"elm,1,A\0,14\n", "zero bytes", id="zero byte"),
        pytest.param(b"PK\x03\x04\x14\x00", "workbook", id="a workbook renamed"),
        pytest.param(HEADER.encode() + b"elm,1,\x81\x8d,14\n", "neither UTF-8", id="no known encoding"),
        pytest.param(
            HEADER + "elm,1," + "x" * LONGEST_LINE, "more than 262,144 characters", id="endless line"
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    tmp_path: Path, content: bytes | str, said: str
) -> None:
    rows, problems = read(tmp_path, content)
    assert (rows, len(problems.listed), problems.listed[0].line) == ([], 1, 0)
    assert said in problems.listed[0].advice


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("site,code,name,seats,color", [(1, "color", "color")], id="unknown column"),
        pytest.param("site,code,name", [(1, "seats", "")], id="missing column"),
        pytest.param("site,code,name,seats,name", [(1, "name", "name")], id="column twice"),
        pytest.param(
            "site_code,code,name,places", [(1, "places", "places"), (1, "site_code", "site_code"), (1, "site", ""), (1, "seats", "")],
            id="every mistake of a header at once",
        ),
    ],
)  # fmt: skip
def test_a_wrong_header_names_its_columns(
    tmp_path: Path, header: str, expected: list[tuple[int, str, str]]
) -> None:
    rows, problems = read(tmp_path, header + "\nelm,1,A,14\n")
    assert (rows, places(problems)) == ([], expected)


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    text = 'code,name,time_zone,address\na,A,UTC,"1 Elm Street\nSecond floor\r\nBack door"\n\nb,B,Mars/Phobos,\nc,C,UTC,"x\ny"\nd,,UTC,\n'
    rows, problems = read(tmp_path, text, "sites")
    assert [row["code"] for row in rows] == ["a", "c"]
    assert rows[0]["address"] == "1 Elm Street\nSecond floor\r\nBack door"
    assert places(problems) == [(6, "time_zone", "Mars/Phobos"), (9, "name", "")]


@pytest.mark.parametrize(
    ("line", "written", "said"),
    [
        pytest.param('elm,1,"A,14\nelm,2,B,10\n', "", "never closed", id="open quote"),
        pytest.param('elm,1,"A"B,14\n', "", "inside a cell", id="quote inside a cell"),
        pytest.param("elm,1,A,B,14\n", "14", "5 cells for 4 columns", id="too many cells"),
    ],
)
def test_a_broken_row_is_named_by_its_first_line(tmp_path: Path, line: str, written: str, said: str) -> None:
    _, problems = read(tmp_path, HEADER + "elm,0,Z,1\n" + line)
    found = [p for p in problems.listed if said in p.advice]
    assert [(p.line, p.written) for p in found] == [(3, written)]


def test_every_bad_cell_of_a_row_is_listed_and_the_next_row_is_read(tmp_path: Path) -> None:
    rows, problems = read(tmp_path, HEADER + "elm,;,,many\nelm,2,B,10\n")
    assert [row["code"] for row in rows] == ["2"]
    assert places(problems) == [(2, "code", ";"), (2, "name", ""), (2, "seats", "many")]


def test_a_thousand_problems_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    _, problems = read(tmp_path, HEADER + "elm,1,A,none\n" * (MOST_LISTED + 23))
    assert (len(problems.listed), problems.more, problems.total) == (1000, 23, 1023)


def test_a_file_with_too_many_rows_says_so(tmp_path: Path) -> None:
    rows, problems = read(tmp_path, "code,name,time_zone\n" + "a,A,UTC\n" * 501, "sites")
    assert (len(rows), [p.advice for p in problems.listed]) == (
        500,
        ["This file has more than 500 rows. Split it."],
    )


def test_only_attendance_may_be_large(tmp_path: Path) -> None:
    rows, problems = read(tmp_path, HEADER.encode() + b"elm,1,A,14\n" * 1_600_000)
    assert (rows, [p.advice for p in problems.listed]) == (
        [],
        ["This file has more than 16 MB. Split it and import the parts."],
    )


DAYS = [
    ("2026-03-04", date(2026, 3, 4)), ("3/4/2026", date(2026, 3, 4)), ("03/04/2026", date(2026, 3, 4)),
    ("2024-02-29", date(2024, 2, 29)), ("2026-02-29", None), ("13/4/2026", None), ("2026-3", None), ("4.3.2026", None),
    ("0026-03-04", None), ("9999-12-31", None), ("2026-03-04T00:00", None), ("٢٠٢٦-٠٣-٠٤", None),
]  # fmt: skip
TIMES = [
    ("18:00", time(18)), ("6:00 pm", time(18)), ("6 PM", time(18)), ("6:05p.m.", time(18, 5)), ("9:00 am", time(9)),
    ("12:00 am", time(0)), ("12:30 pm", time(12, 30)), ("00:00", time(0)), ("18:00:00", time(18)), ("24:00", None),
    ("13:00 pm", None), ("0:10 am", None), ("18", None), ("18.00", None), ("7:60", None), ("noon", None),
]  # fmt: skip
WEEKDAYS = [
    ("MO", 0),
    ("mo", 0),
    ("Monday", 0),
    ("Tue", 1),
    ("friday", 4),
    ("SA", 5),
    ("Mond", None),
    ("1", None),
]
FLAGS = [("yes", True), ("No", False), ("TRUE", True), ("0", False), ("maybe", None)]
LISTS = [("elm;far", ["elm", "far"]), (" far ; elm ;", ["elm", "far"]), ("elm;elm", None)]
WHOLE = [
    ("0", 0),
    ("240", 240),
    ("241", None),
    ("-1", None),
    ("1.5", None),
    ("1e2", None),
    ("٣", None),
    ("９", None),
]
ZONES = [
    ("America/New_York", "America/New_York"),
    ("EST", None),
    ("../../etc/passwd", None),
    ("New York", None),
]
EMAILS = [("a@b.example", "a@b.example"), ("a b@c.example", None), ("<a@b.example>", None), ("a@b", None)]
TEXTS = [("x" * 200, "x" * 200), ("x" * 201, None), ("a\nb", None), ("a\x07b", None)]


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        pytest.param(values.DAY, DAYS, id="dates"), pytest.param(values.TIME, TIMES, id="times"),
        pytest.param(values.WEEKDAY, WEEKDAYS, id="weekdays"), pytest.param(values.YES_NO, FLAGS, id="yes and no"),
        pytest.param(values.listed(values.CODE), LISTS, id="lists"), pytest.param(values.whole(0, 240), WHOLE, id="numbers"),
        pytest.param(values.ZONE, ZONES, id="time zones"), pytest.param(values.EMAIL, EMAILS, id="e-mail addresses"),
        pytest.param(values.text(200), TEXTS, id="texts"),
    ],
)  # fmt: skip
def test_cells_are_read_as_people_write_them(kind: Kind, table: list[tuple[str, object]]) -> None:
    def found(cell: str) -> object:
        try:
            return kind.read(cell)
        except BadCell:
            return None

    assert [(cell, found(cell)) for cell, _ in table] == table


def test_every_refusal_says_what_to_write() -> None:
    for table in TABLES:
        for column in table.columns:
            with pytest.raises(BadCell, match=r"^(Write|Shorten|Take out|This|Check|Fill)"):
                column.kind.read("\x00" * 999)


def test_a_note_of_ten_thousand_characters_is_refused_with_its_length(tmp_path: Path) -> None:
    _, problems = read(
        tmp_path, "site,from,until,name\nelm,2026-01-01,2026-01-01," + "ü" * 10_000, "closures"
    )
    (problem,) = problems.listed
    assert problem.advice == "Shorten this to 200 characters; it has 10,000."
    assert len(problem.written) == 80


# What we write, we read.

_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]) | st.sampled_from("=+-@'\"; "),
    min_size=1,
    max_size=30,
)
_CLIENT = st.fixed_dictionaries(
    {
        "code": st.uuids().map(str), "site": st.just("elm"), "given_name": _TEXT, "family_name": st.just("") | _TEXT,
        "preferred_name": st.just("") | _TEXT, "languages": st.lists(st.sampled_from(["en", "es", "pt-BR"]), min_size=1, unique=True),
        "gender": st.sampled_from(["female", "unspecified"]), "modality": st.just("either"),
        "travel_minutes": st.integers(0, 240), "email": st.sampled_from(["", "a@b.example"]), "phone": st.just("") | _TEXT,
        "email_consent_since": st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31)),
        "may_leave_message": st.booleans(),
        "text_number": st.sampled_from(["", "+12025550142", "+525512345678"]),
        "text_consent_since": st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31)),
        "text_consent_evidence": st.none() | st.sampled_from(["paper", "online"]),
    }
)  # fmt: skip


@given(st.lists(_CLIENT, max_size=4))
def test_an_exported_file_reads_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    content = "".join(file_lines(rows, BY_NAME["clients"]))
    found, problems = read(tmp_path_factory.getbasetemp(), content, "clients")
    assert (found, problems.listed) == (rows, [])
    assert "".join(file_lines(found, BY_NAME["clients"])) == content


@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda s: HEADER.encode() + s.encode("utf-8", "ignore"))
)
def test_no_file_makes_reading_fail(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    rows, problems = read(tmp_path_factory.getbasetemp(), content)
    assert [row for row in rows if not (row["site"] and row["code"] and 1 <= row["seats"] <= 1000)] == []
    lines = content.count(b"\n") + content.count(b"\r") + 1
    assert [p for p in problems.listed if not (0 <= p.line <= lines and p.advice)] == []


def test_reading_takes_the_same_memory_for_a_large_file(tmp_path: Path) -> None:
    file = tmp_path / "attendance.csv"
    row = "C-101,morning-MO,2026-02-02,attended,,,,\n"
    file.write_text("client,session,date,status,minutes,arrived,left,reason\n" + row * 15_000)
    tracemalloc.start()
    count = sum(1 for _ in read_rows(file, BY_NAME["attendance"], Problems()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 15_000
    assert peak < 3 * 1024 * 1024


def test_a_line_without_end_is_refused_without_reading_it_whole(tmp_path: Path) -> None:
    file = tmp_path / "attendance.csv"
    file.write_bytes(b"client,session,date\n" + b"x" * 48 * 1024 * 1024)
    problems = Problems()
    tracemalloc.start()
    assert list(read_rows(file, BY_NAME["attendance"], problems)) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert problems.total == 1
    assert peak < 8 * 1024 * 1024


# Uploads


@dataclass
class Sent:
    """One uploaded file."""

    filename: str | None
    stream: io.BytesIO


def archive(*entries: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Sent:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as out:
        for name, data in entries:
            out.writestr(name, data)
    return Sent("files.zip", io.BytesIO(content.getvalue()))


def test_single_files_and_archives_are_stored_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    sent = [
        Sent("C:\\Users\\me\\Rooms.CSV", io.BytesIO(b"rooms")),
        archive(("sites.csv", b"sites"), ("NOTICE.txt", b"x")),
    ]
    assert staging.stage(sent, folder, most_bytes=100) == ["rooms.csv", "sites.csv"]
    assert {p.name: (p.read_bytes(), oct(p.stat().st_mode & 0o777)) for p in folder.iterdir()} == {
        "rooms.csv": (b"rooms", "0o600"),
        "sites.csv": (b"sites", "0o600"),
    }
    assert oct(folder.stat().st_mode & 0o777) == "0o700"


BOMB = b"0" * (64 * 1024 * 1024)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        pytest.param([], "Choose at least one", id="nothing"),
        pytest.param([Sent("notes.csv", io.BytesIO(b"x"))], "not one of the files", id="an unknown file"),
        pytest.param([Sent("rooms.xlsx", io.BytesIO(b"x"))], "not one of the files", id="a workbook"),
        pytest.param([Sent("rooms.csv", io.BytesIO(b"x" * 2_000))], "too large", id="too large"),
        pytest.param([Sent("rooms.csv", io.BytesIO(b"x")), Sent("ROOMS.csv", io.BytesIO(b"x"))], "twice", id="twice"),
        pytest.param([Sent("files.zip", io.BytesIO(b"PK not really"))], "cannot be opened", id="a broken archive"),
        pytest.param([archive(("../rooms.csv", b"x"))], "without folders", id="a path upwards"),
        pytest.param([archive(("/etc/rooms.csv", b"x"))], "without folders", id="an absolute path"),
        pytest.param([archive(("files/rooms.csv", b"x"))], "without folders", id="a folder"),
        pytest.param([archive(("..\\rooms.csv", b"x"))], "without folders", id="a Windows path"),
        pytest.param([archive(("rooms.csv", b"x"), ("ROOMS.csv", b"y"))], "twice", id="the same name twice"),
        pytest.param([archive(*((f"{n}.csv", b"") for n in range(41)))], "too many files", id="many files"),
        pytest.param([archive(("rooms.csv", b"x" * 600), ("sites.csv", b"x" * 600))], "too large", id="too large together"),
        pytest.param([archive(("rooms.zip", b"x"))], "not one of the files", id="an archive in an archive"),
    ],
)  # fmt: skip
def test_an_upload_that_is_not_ours_is_refused(tmp_path: Path, sent: list[Sent], said: str) -> None:
    with pytest.raises(staging.Refused, match=said):
        staging.stage(sent, tmp_path / "in", most_bytes=1_000)
    assert not (tmp_path / "rooms.csv").exists()


def test_a_zip_bomb_is_stopped_while_it_inflates(tmp_path: Path) -> None:
    tracemalloc.start()
    with pytest.raises(staging.Refused, match="too large"):
        staging.stage([archive(("attendance.csv", BOMB))], tmp_path / "in", most_bytes=512 * 1024 * 1024)
    tracemalloc.stop()
    stored = tmp_path / "in" / "attendance.csv"
    assert stored.stat().st_size < 32 * 1024 * 1024


def test_an_archive_that_lies_about_its_sizes_is_refused(tmp_path: Path) -> None:
    sent = archive(("rooms.csv", b"x" * 500))
    honest = sent.stream.getvalue()
    lying = honest.replace((500).to_bytes(4, "little"), (5).to_bytes(4, "little"))
    assert lying != honest
    with pytest.raises(staging.Refused, match="cannot be opened"):
        staging.stage([Sent("files.zip", io.BytesIO(lying))], tmp_path / "in", most_bytes=1_000)


def test_the_documentation_lists_every_file_and_column() -> None:
    text = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in text.split("### ")[1:])
    assert list(sections) == [table.file for table in TABLES]
    for table in TABLES:
        names = [
            line.split("|")[1].strip().strip("*")
            for line in sections[table.file].splitlines()
            if line.startswith("| ")
        ]
        assert names == ["column", *table.header]
        assert f"At most {table.most_rows:,} rows." in sections[table.file]

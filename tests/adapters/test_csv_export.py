"""Exported cells are never run by a spreadsheet and always read back as they were."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.adapters.csv_export import original_text, safe_cell, write_csv

RUN_BY_SPREADSHEETS = [
    '=HYPERLINK("http://x.example","a")', "+1-555", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1",
    "＝1+1", "＋1", "－1", "＠SUM(1)", "\ufeff=1", "\u200b=1", "|cmd", "%0A", "'=1", "''=1", "' =1", "=cmd|' /C calc'!A0",
]  # fmt: skip


@pytest.mark.parametrize("text", RUN_BY_SPREADSHEETS)
def test_a_cell_that_could_run_gets_one_apostrophe(text: str) -> None:
    assert safe_cell(text) == "'" + text
    assert original_text(safe_cell(text)) == (text, True)


@pytest.mark.parametrize(
    "text", ["", "Ana", "O'Hara", "'twas", "2026-03-04", "18:00", "a=b", "a\nb", "née", "李"]
)
def test_an_ordinary_cell_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text
    assert original_text(text) == (text, False)


@given(
    st.text(alphabet=st.sampled_from("'=+-@ \t\r\nab＝\u200b\ufeff\u00a0|%"), max_size=6)
    | st.text(max_size=20)
)
def test_every_text_reads_back_and_none_begins_with_a_formula(text: str) -> None:
    cell = safe_cell(text)
    restored, marked = original_text(cell)
    assert (restored if marked else restored.strip()) == text
    assert not re.match(r"[\s]*[=+\-@＝＋－＠]", cell)


def test_a_file_has_a_mark_a_header_and_quoted_lines() -> None:
    assert list(write_csv([("=1", 'a "b"')], ("one", "two"))) == [
        '\ufeff"one","two"\r\n',
        '"\'=1","a ""b"""\r\n',
    ]


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_a_file_reads_back(rows: list[tuple[str, str]]) -> None:
    text = "".join(write_csv(rows, ("one", "two"))).removeprefix("\ufeff")
    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert [tuple(original_text(cell)[0] for cell in row) for row in read[1:]] == rows

"""The code on the page is the link, bit by bit, and needs no style."""

import re

import segno

from iop_schedule.adapters.qr import qr_code

LINK = "https://calendar.example.org/c/" + "A" * 43 + "/schedule.ics"


def dark_modules(svg: str) -> set[tuple[int, int]]:
    """Read the drawing: each line is `M` to a row, then `h` to draw and `m` to move along it."""
    x, y, found = 0, 0.0, set()
    for command, numbers in re.findall(r"([Mmh])([-0-9. ]+)", svg.split('d="')[1].split('"', maxsplit=1)[0]):
        values = [float(number) for number in numbers.split()]
        if command == "h":
            found |= {(int(x) + step, int(y)) for step in range(int(values[0]))}
            x += int(values[0])
        else:
            x, y = (int(values[0]), values[1]) if command == "M" else (x + int(values[0]), y + values[1])
    return found


def test_the_drawing_is_the_code_of_the_link() -> None:
    svg = qr_code(LINK, label="QR code of the link")
    rows = enumerate(segno.make_qr(LINK, error="m").matrix_iter(border=4))
    assert dark_modules(svg) == {(x, y) for y, row in rows for x, dark in enumerate(row) if dark}


def test_the_drawing_has_a_name_and_no_style() -> None:
    svg = qr_code(LINK, label="<QR>")
    assert "<title>&lt;QR&gt;</title>" in svg
    assert not re.search(r"style|script|http", svg)

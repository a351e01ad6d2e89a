"""A file written part by part as they come, and kept in the natural order of their names."""

from collections.abc import Iterable
from re import compile as pattern

from iop_schedule.adapters.replaced_files import ReplacedFile

_DIGITS = pattern(r"([0-9]+)")

NaturalKey = tuple[list[tuple[int, str]], str]


def natural(name: str) -> NaturalKey:
    """Return what to sort names by so that numbers in them count as numbers: c2 before c10.

    >>> sorted(["c10", "b", "c2", "c02"], key=natural)
    ['b', 'c02', 'c2', 'c10']
    """
    parts = [part.lstrip("0") if n % 2 else part for n, part in enumerate(_DIGITS.split(name))]
    return [(len(part) if n % 2 else -1, part) for n, part in enumerate(parts)], name


class OrderedParts:
    """The parts of one output file, one for each name, under a header.

    Parts that come in order are written once and stay where they are. Otherwise `put_in_order` copies them
    at the end. Memory holds two numbers for each part and nothing of what was written.
    """

    def __init__(self, output: ReplacedFile, header: str) -> None:
        self._output = output
        self._length = output.write(header)
        self._parts: list[tuple[str, int, int]] = [("", 0, self._length)]
        self._ascending = True

    def add(self, name: str, lines: Iterable[str]) -> None:
        """Write the part of `name`, which has none yet."""
        length = self._output.write("".join(lines))
        self._ascending = self._ascending and natural(self._parts[-1][0]) < natural(name)
        self._parts.append((name, self._length, length))
        self._length += length

    def put_in_order(self) -> None:
        """Leave the file with its parts in natural order of their names."""
        if not self._ascending:
            ordered = sorted(self._parts, key=lambda part: natural(part[0]))
            self._output.rearrange((start, length) for _, start, length in ordered)

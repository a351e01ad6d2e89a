"""Examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import iop_schedule.domain
from iop_schedule.web import presenting


def _modules() -> list[str]:
    found = pkgutil.walk_packages(iop_schedule.domain.__path__, "iop_schedule.domain.")
    return [module.name for module in found] + [presenting.__name__]


@pytest.mark.parametrize("name", _modules())
def test_examples_in_docstrings_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0

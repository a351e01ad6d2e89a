"""What code and docs point at exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = [*ROOT.glob("iop_schedule/**/*.py"), *ROOT.glob("benchmarks/*.py")]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]


def _anchors() -> set[str]:
    return set(re.findall(r"^## ([a-z0-9-]+)$", (ROOT / "docs/sources.md").read_text(), re.MULTILINE))


def test_every_source_named_in_code_is_in_the_list() -> None:
    named = {
        anchor for file in CODE for anchor in re.findall(r"docs/sources\.md#([a-z0-9-]+)", file.read_text())
    }
    assert named - _anchors() == set()


def test_every_document_named_in_code_is_there() -> None:
    named = {path for file in CODE for path in re.findall(r"docs/[a-z0-9/-]+\.md", file.read_text())}
    assert {path for path in named if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert {link for link in links if not (page.parent / link).exists()} == set()


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/adr/0*.md")), ids=lambda page: page.stem)
def test_decisions_are_short_and_say_why(page: Path) -> None:
    text = page.read_text()
    assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences"))
    assert len(text.split()) < 330

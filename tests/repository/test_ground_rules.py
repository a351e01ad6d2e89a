"""What must never be committed, and what every test must keep to."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def _texts(*suffixes: str) -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in _tracked()
        if path.suffix in suffixes or path.name in suffixes
    }


def test_lock_files_hold_names_versions_and_hashes_only() -> None:
    for name, text in _texts(".lock").items():
        entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert entries, name
        assert all(re.fullmatch(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+ \\", line) for line in entries), name
        assert "://" not in text


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    forbidden = re.compile(r"pytest\.skip\(|mark\.skip|xfail\(|mark\.xfail|importorskip")
    own = str(Path(__file__).relative_to(ROOT))
    found = {
        n for n, t in _texts(".py").items() if n.startswith("tests/") and n != own and forbidden.search(t)
    }
    assert found == set()


def test_data_of_a_running_clinic_is_not_tracked() -> None:
    inside = {str(path.relative_to(ROOT)) for path in _tracked() if path.parts[len(ROOT.parts)] == "instance"}
    assert inside == {"instance/.gitkeep"}


def test_every_test_folder_mirrors_a_layer_or_has_a_purpose() -> None:
    layers = {p.name for p in (ROOT / "iop_schedule").iterdir() if p.is_dir()}
    purposes = {"flows", "browser", "repository", "data"}
    folders = {
        path.relative_to(ROOT / "tests").parts[0]
        for path in _tracked()
        if path.is_relative_to(ROOT / "tests")
    }
    assert {name for name in folders if not name.endswith(".py")} - layers - purposes == set()

"""Built assets: hashed names, working imports, compressed twins, a year in the browser's cache."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from iop_schedule.adapters import assets
from iop_schedule.adapters.assets import Manifest, UnknownAsset, build_assets, serve_assets


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("instance") / "assets"


@pytest.fixture(scope="module")
def built(target: Path) -> Manifest:
    return build_assets(target)


@pytest.fixture
def own_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of two small files in place of ours, and nothing from other packages."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "steady.css").write_text('@import url("bootstrap.min.css") layer(bootstrap);')
    monkeypatch.setattr(assets, "OURS", folder)
    return folder


def test_every_file_of_ours_and_the_two_libraries_are_built(built: Manifest) -> None:
    ours = {path.name for path in assets.OURS.iterdir() if path.is_file()}
    assert set(built.built) == ours | {"bootstrap.min.css", "htmx.min.js"}


def test_a_url_carries_the_content_hash(built: Manifest) -> None:
    assert re.fullmatch(r"/static/steady\.[0-9a-f]{12}\.css", built.url("steady.css"))


def test_an_asset_nobody_built_is_named_in_the_error(built: Manifest) -> None:
    with pytest.raises(UnknownAsset, match=r"No asset is called “stedy\.css”"):
        built.url("stedy.css")


def test_the_stylesheet_imports_the_built_bootstrap(built: Manifest, target: Path) -> None:
    css = (target / built.built["steady.css"]).read_text()
    imported = re.findall(r'@import url\("([^"]+)"\)', css)
    assert imported == [built.built["bootstrap.min.css"]]
    assert (target / imported[0]).is_file()


def test_bootstrap_and_htmx_are_the_installed_ones(built: Manifest, target: Path) -> None:
    assert b"Bootstrap  v5.3" in (target / built.built["bootstrap.min.css"]).read_bytes()[:200]
    assert b"htmx=" in (target / built.built["htmx.min.js"]).read_bytes()[:200]


def test_compressed_twins_hold_the_same_bytes(built: Manifest, target: Path) -> None:
    for name in ("steady.css", "bootstrap.min.css", "htmx.min.js"):
        plain = target / built.built[name]
        assert brotli.decompress(plain.with_name(plain.name + ".br").read_bytes()) == plain.read_bytes()
        assert gzip.decompress(plain.with_name(plain.name + ".gz").read_bytes()) == plain.read_bytes()


def test_building_again_leaves_the_folder_alone(built: Manifest, target: Path) -> None:
    before = target.stat().st_ino
    assert build_assets(target) == built
    assert target.stat().st_ino == before


def test_a_changed_source_gets_a_new_name_and_the_old_file_stays_for_open_pages(
    own_sources: Path, tmp_path: Path
) -> None:
    target = tmp_path / "assets"
    (own_sources / "app.js").write_text("1;")
    first = build_assets(target)
    (own_sources / "app.js").write_text("2;")
    second = build_assets(target)
    assert first.built["app.js"] != second.built["app.js"]
    assert first.built["steady.css"] == second.built["steady.css"]
    assert (target / first.built["app.js"]).read_text() == "1;"
    assert (target / second.built["app.js"]).read_text() == "2;"
    (own_sources / "app.js").write_text("3;")
    build_assets(target)
    assert not (target / first.built["app.js"]).exists()


@pytest.mark.parametrize("manifest", ["", "{", '{"fingerprint": "other", "built": {}}'], ids=repr)
def test_a_broken_or_foreign_manifest_is_built_over(own_sources: Path, tmp_path: Path, manifest: str) -> None:
    target = tmp_path / "assets"
    target.mkdir()
    (target / "manifest.json").write_text(manifest)
    built = build_assets(target)
    assert json.loads((target / "manifest.json").read_text())["built"] == built.built


def test_of_two_builders_at_once_the_later_one_keeps_the_first_one_s_work(
    own_sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "assets"
    write = assets._write

    def write_while_another_finishes(folder: Path, sources: dict[str, bytes], fingerprint: str) -> Manifest:
        manifest = write(folder, sources, fingerprint)
        if not target.exists():
            monkeypatch.setattr(assets, "_write", write)
            build_assets(target)
        return manifest

    # The other one's folder arrives after ours was cleared away, so the last rename meets a full folder.
    monkeypatch.setattr(assets, "_write", write_while_another_finishes)
    monkeypatch.setattr(Path, "rename", _rename_that_leaves(target))
    assert build_assets(target) == build_assets(target)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".assets-")] == []


def _rename_that_leaves(target: Path) -> object:
    real = Path.rename

    def rename(self: Path, to: Path) -> Path:
        if self == target:
            raise FileNotFoundError
        return real(self, to)

    return rename


def test_hashed_files_are_kept_for_a_year_and_come_compressed(built: Manifest, target: Path) -> None:
    http = Client(serve_assets(Response("page"), target))
    answer = http.get(built.url("steady.css"), headers={"Accept-Encoding": "br"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.headers["Content-Type"] == 'text/css; charset="utf-8"'
    assert http.get("/anything").get_data(as_text=True) == "page"
    answer.close()

"""Stylesheets, scripts and icons under names that carry their content, so browsers keep them for a year.

Bootstrap's stylesheet and htmx come out of the installed packages; everything else is our own. Nothing
of anyone else's is kept in our sources.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

OURS = Path(__file__).parent.parent / "static"
URL_PREFIX = "/static/"
MANIFEST = "manifest.json"
#: `name.0123456789ab.css`: such a file never changes.
HASHED = re.compile(r"\.[0-9a-f]{12}\.[a-z]+$")
#: The stylesheet that imports Bootstrap, and the name by which it does so in our sources.
STYLESHEET, BOOTSTRAP = "steady.css", "bootstrap.min.css"


class UnknownAsset(LookupError):
    """A page asks for a stylesheet, script or icon that was not built."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where each built file is."""

    #: Built file name by the name in our sources.
    built: Mapping[str, str]

    def url(self, name: str) -> str:
        """Return the address of `name`, such as `steady.css`.

        Raises:
            UnknownAsset: nothing of that name was built.
        """
        try:
            return URL_PREFIX + self.built[name]
        except KeyError:
            message = f"No asset is called “{name}”; there are {', '.join(sorted(self.built))}."
            raise UnknownAsset(message) from None


def build_assets(target: Path) -> Manifest:
    """Return the manifest of `target`, building the folder first when the sources have changed.

    Builds beside `target` and moves the whole folder into place, so a server never sees half of it;
    of two processes that build at once, the second finds the first one's work and keeps it. The files
    of the build before stay: pages that are still open, and servers not yet restarted, ask for them.
    """
    sources = _sources()
    fingerprint = _digest(b"".join(name.encode() + b"\0" + body for name, body in sorted(sources.items())))
    standing = _standing(target, fingerprint)
    if standing is not None:
        return standing
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".assets-", dir=target.parent) as scratch:
        fresh = Path(scratch) / "new"
        manifest = _write(fresh, sources, fingerprint)
        _keep_previous(fresh, target)
        with suppress(FileNotFoundError):
            target.rename(Path(scratch) / "old")
        try:
            fresh.rename(target)
        except OSError:
            standing = _standing(target, fingerprint)
            if standing is None:
                raise
            return standing
    return manifest


def serve_assets(wsgi_app: Any, target: Path) -> WhiteNoise:
    """Return `wsgi_app` with the built files of `target` in front of it, kept by browsers for a year."""
    return WhiteNoise(
        wsgi_app,
        root=str(target),
        prefix=URL_PREFIX,
        immutable_file_test=lambda path, url: HASHED.search(url) is not None,  # noqa: ARG005
    )


def _sources() -> dict[str, bytes]:
    """Return every file to build, by its plain name."""
    package = files("flask_bootstrap") / "static/bootstrap5/css"
    sources = {
        BOOTSTRAP: (package / BOOTSTRAP).read_bytes(),
        "htmx.min.js": (files("js_lib_htmx") / "static/htmx/htmx.min.js").read_bytes(),
    }
    sources.update({path.name: path.read_bytes() for path in sorted(OURS.iterdir()) if path.is_file()})
    return sources


def _write(folder: Path, sources: Mapping[str, bytes], fingerprint: str) -> Manifest:
    folder.mkdir(mode=0o755)
    built: dict[str, str] = {}
    # The stylesheet comes last: its import needs Bootstrap's built name.
    for name in sorted(sources, key=lambda name: (name == STYLESHEET, name)):
        body = sources[name]
        if name == STYLESHEET:
            body = body.replace(f'"{BOOTSTRAP}"'.encode(), f'"{built[BOOTSTRAP]}"'.encode())
        built[name] = _hashed_name(name, body)
        (folder / built[name]).write_bytes(body)
    compressor = Compressor(quiet=True)
    for name in built.values():
        if compressor.should_compress(name):
            compressor.compress(str(folder / name))
    content = json.dumps({"fingerprint": fingerprint, "built": built}, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(content, encoding="utf-8")
    return Manifest(built)


def _keep_previous(fresh: Path, target: Path) -> None:
    before = _read_manifest(target).get("built", {}).values()
    for name in (name + twin for name in before for twin in ("", ".br", ".gz")):
        if (target / name).exists() and not (fresh / name).exists():
            shutil.copy2(target / name, fresh / name)


def _standing(target: Path, fingerprint: str) -> Manifest | None:
    """Return the manifest already in `target` if it was built from the same sources."""
    content = _read_manifest(target)
    return Manifest(content["built"]) if content.get("fingerprint") == fingerprint else None


def _read_manifest(target: Path) -> dict[str, Any]:
    """Return what the folder says about itself; an empty answer when it is missing or broken."""
    try:
        content: dict[str, Any] = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return content


def _hashed_name(name: str, body: bytes) -> str:
    stem, _, extension = name.rpartition(".")
    return f"{stem}.{_digest(body)}.{extension}"


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]

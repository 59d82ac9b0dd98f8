"""Fetch recordings: Debian packages are downloaded, and what they hold is sorted into three folders.

None of these packages was used to tune the solver. Together they are 440 MB to download.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from acceptance.sources import can_decode

KINDS = ("speech", "music", "noise")
PACKAGES = {
    "asterisk-core-sounds-es-g722": "speech",
    "asterisk-core-sounds-it-g722": "speech",
    "asterisk-core-sounds-ru-g722": "speech",
    "fillets-ng-data-cs": "speech",
    "fillets-ng-data-nl": "speech",
    "warzone2100-music": "music",
    "extremetuxracer-data": "music",
    "hyperrogue-music": "music",
    "asc-music": "music",
    "searchandrescue-data": "noise",
    "openarena-data": "noise",
    "ufoai-sound": "noise",
    "lugaru-data": "noise",
}
"""What each package is used for; a folder or name with `music` in it is music everywhere."""

_ENDINGS = {".ogg", ".wav", ".opus", ".mp3", ".g722"}
_LEAST_BYTES = {"speech": 10_000, "music": 500_000, "noise": 60_000}
"""A phrase of more than a second, a piece of more than half a minute, a noise of about a second."""


def fetch_sources(into: Path) -> dict[str, int]:
    """Download and unpack what is missing; return the number of recordings of each kind."""
    packages = into / "deb"
    packages.mkdir(parents=True, exist_ok=True)
    for package, kind in PACKAGES.items():
        if not list(packages.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", package], cwd=packages, check=True)
        if not (into / kind / package).is_dir():
            _unpack(next(packages.glob(f"{package}_*.deb")), into, package, kind)
    return {kind: sum(file.is_file() for file in (into / kind).rglob("*")) for kind in KINDS}


def _unpack(package: Path, into: Path, name: str, kind: str) -> None:
    with tempfile.TemporaryDirectory(dir=into) as scratch:
        tree = Path(scratch)
        subprocess.run(["dpkg-deb", "-x", package, tree], check=True)
        for archive in tree.rglob("*.pk3"):
            zipfile.ZipFile(archive).extractall(archive.with_suffix(".d"))
        for file in sorted(tree.rglob("*")):
            if file.suffix in _ENDINGS and file.is_file() and not file.is_symlink():
                _keep(file, tree, into, name, kind)
    (into / kind / name).mkdir(parents=True, exist_ok=True)


def _keep(file: Path, tree: Path, into: Path, name: str, kind: str) -> None:
    """Move a recording into its folder under a flat name, unless it is too short or cannot be decoded."""
    flat = "-".join(file.relative_to(tree).parts[-3:])
    if kind == "noise" and "music" in flat.lower():
        kind = "music"
    if file.stat().st_size >= _LEAST_BYTES[kind] and can_decode(file):
        (into / kind / name).mkdir(parents=True, exist_ok=True)
        shutil.move(file, into / kind / name / flat)

"""The Python environment of the packages: one tree for every Python version that the project supports.

A virtual environment is a `pyvenv.cfg` above a link to an interpreter: whichever Python the link leads to
reads `lib/python3.X/site-packages` of its own version. So the tree holds one such folder for each version,
with the wheels that were compiled for it, and `lib/shared` for those that are the same for all. Nothing is
resolved or downloaded at installation, and the package manager knows every file (ADR 39).
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

PREFIX = Path("/opt/mcsync")
"""Where the packages put the environment: the path in the units of `systemd/`."""

EXTRAS = ("apprise", "cluster", "sound")
"""`apprise` for notifications to phones and chats, `cluster` for the units of docs/cluster.md, `sound` for
supervisors who review at this machine: nobody can add one to a package. Not `plot`: it brings matplotlib, for
one option of one command."""

GLIBC_TAGS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
"""Builds of wheels that run with glibc 2.28 (2018), the newest that PyAV and numpy ask for."""

COMMANDS = {"mcsyncd": "mcsyncd.cli.main:main", "dask": "dask.__main__:main"}
"""The programs that the units start, with the functions that their wheels name for them."""


def list_pythons(source: Path) -> list[str]:
    """Return the Python versions that the project claims, oldest first: 3.11, 3.12, …"""
    classifiers = tomllib.loads((source / "pyproject.toml").read_text())["project"]["classifiers"]
    return [found[1] for line in classifiers if (found := re.search(r":: (3\.\d+)$", line))]


def build_wheel(source: Path, out: Path, epoch: int) -> Path:
    """Build the project's own wheel into `out`."""
    with tempfile.TemporaryDirectory(prefix="mcsync-wheel-") as folder:
        environ = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
        run_pip("wheel", "--no-deps", "--wheel-dir", folder, str(source), environ=environ)
        (wheel,) = Path(folder).glob("*.whl")
        return Path(shutil.move(wheel, out / wheel.name))


def build_environment(source: Path, wheel: Path, target: Path, epoch: int) -> None:
    """Build the tree of `/opt/mcsync` below `target`. Raises ValueError if a requirement is missing."""
    pythons = list_pythons(source)
    with tempfile.TemporaryDirectory(prefix="mcsync-wheels-") as name:
        folders = {version: Path(name) / version for version in pythons}
        for version, folder in folders.items():
            _download_wheels(wheel, source / "constraints.txt", version, folder)
        found = {version: {file.name for file in folder.iterdir()} for version, folder in folders.items()}
        shared = set.intersection(*found.values())
        _install_wheels(shared, folders[pythons[0]], pythons[0], target / "lib" / "shared")
        for version, folder in folders.items():
            site = target / "lib" / f"python{version}" / "site-packages"
            _install_wheels(found[version] - shared, folder, version, site)
            (site / "shared.pth").write_text("../../shared\n")
            missing = [*list_missing(site, target / "lib" / "shared", version)]
            if missing:
                raise ValueError(
                    f"Python {version} would lack {', '.join(missing)}; build with Python {pythons[0]}"
                )
    write_programs(target)
    for path in sorted(target.rglob("*")):
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def run_pip(*arguments: str, environ: dict[str, str] | None = None) -> None:
    """Run this Python's pip, and print what it says only where it fails."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"pip {arguments[0]} failed:\n{done.stderr}")


def _download_wheels(wheel: Path, constraints: Path, version: str, folder: Path) -> None:
    wanted = f"{wheel}[{','.join(EXTRAS)}]"
    run_pip(
        "download", "--dest", str(folder), "--constraint", str(constraints), *_name_target(version), wanted
    )


def _install_wheels(names: set[str], folder: Path, version: str, site: Path) -> None:
    """Install by name, never by path: pip would record the path of this machine."""
    wanted = ["{}=={}".format(*name.split("-")[:2]) for name in sorted(names)]
    offline = ("--no-index", "--find-links", str(folder), "--no-deps", "--no-compile")
    run_pip("install", *offline, "--target", str(site), *_name_target(version), *wanted)
    # Programs of the dependencies, whose first line names this machine's Python.
    shutil.rmtree(site / "bin", ignore_errors=True)


def _name_target(version: str) -> Sequence[str]:
    machine = platform.machine()
    platforms = [word for tag in GLIBC_TAGS for word in ("--platform", f"{tag}_{machine}")]
    return ("--only-binary=:all:", "--implementation", "cp", "--python-version", version, *platforms)


def list_missing(site: Path, shared: Path, version: str) -> Iterator[str]:
    """Yield each requirement that does not hold for a Python version.

    pip evaluates markers such as `python_version >= "3.13"` for the Python that runs it, not for the one that
    it downloads for.
    """
    installed = {_normalise(one.name): one for one in distributions(path=[str(site), str(shared)])}
    environ = {"python_version": version, "python_full_version": f"{version}.0"}
    for one in installed.values():
        for requirement in map(Requirement, one.requires or ()):
            extras = EXTRAS if one.name == "mcsyncd" else ("",)
            marker = requirement.marker
            if marker and not any(marker.evaluate({**environ, "extra": extra}) for extra in extras):
                continue
            have = installed.get(_normalise(requirement.name))
            if not _is_met(requirement, have):
                yield f"{requirement} (for {one.name})"


def _is_met(requirement: Requirement, have: Distribution | None) -> bool:
    return have is not None and requirement.specifier.contains(have.version, prereleases=True)


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def write_programs(target: Path) -> None:
    """Write the programs, the link to the interpreter, and the file that makes both an environment."""
    (target / "bin").mkdir()
    (target / "bin" / "python3").symlink_to("/usr/bin/python3")
    (target / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    for name, entry in COMMANDS.items():
        module, _, function = entry.partition(":")
        program = target / "bin" / name
        # A worker imports this file as its main module, and must not start the command again.
        program.write_text(
            f"#!{PREFIX}/bin/python3\nimport sys\n\nfrom {module} import {function}\n\n"
            f'if __name__ == "__main__":\n    sys.exit({function}())\n'
        )
        program.chmod(0o755)

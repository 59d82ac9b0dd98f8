"""`python -m packages.sbom [--out FOLDER]`: list what the product is made of, as CycloneDX (`make sbom`).

The Python packages are those that a fresh installation gets. The libraries inside of their wheels, which no
packager knows of, are added with the licences of docs/licences.md.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mcsyncd import __version__
from packages.environment import EXTRAS, run_pip

ROOT = Path(__file__).parents[1]
TOOL = "cyclonedx-bom==7.5.0"
"""The reference program for Python of the OWASP CycloneDX project. In an environment of its own: it needs
thirty packages, of which the product must not list one."""
_SPEC = "1.6"
"""Version of CycloneDX, also known as ECMA-424."""
_VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(str(error) if error else 0)
"""


def build_sbom(source: Path, out: Path) -> Path:
    """Write `mcsyncd-VERSION.cdx.json` into `out`, and return its path. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="mcsync-sbom-") as name:
        runtime, tool = (_make_environment(Path(name) / part) for part in ("runtime", "tool"))
        wanted = f"{source}[{','.join(EXTRAS)}]"
        run_pip("--python", str(runtime), "install", "--constraint", str(source / "constraints.txt"), wanted)
        run_pip("--python", str(tool), "install", TOOL)
        command = [str(tool), "-m", "cyclonedx_py", "environment", "--output-reproducible"]
        command += ["--spec-version", _SPEC, "--pyproject", str(source / "pyproject.toml"), str(runtime)]
        bom = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        (site,) = Path(runtime).parents[1].glob("lib/python3*/site-packages")
        add_libraries(bom, site, read_licences(source / "docs" / "licences.md"))
        bom["metadata"]["component"]["version"] = __version__
        text = json.dumps(bom, indent=1, sort_keys=True) + "\n"
        subprocess.run([str(tool), "-c", _VALIDATE], input=text.encode(), check=True)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"mcsyncd-{__version__}.cdx.json"
    path.write_text(text)
    return path


def _make_environment(folder: Path) -> Path:
    """Make an environment without pip, and return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


def add_libraries(bom: dict, site: Path, licences: dict[str, str]) -> None:
    """Add the libraries of `NAME.libs` as parts of the package NAME. Raises KeyError without a licence."""
    for folder in sorted(site.glob("*.libs")):
        (owner,) = (one for one in bom["components"] if one["name"] == folder.name.removesuffix(".libs"))
        libraries = list(_list_libraries(folder, owner["bom-ref"], licences))
        bom["components"] += libraries
        (edges,) = (one for one in bom["dependencies"] if one["ref"] == owner["bom-ref"])
        edges["dependsOn"] = sorted({*edges.get("dependsOn", ()), *(one["bom-ref"] for one in libraries)})
        bom["dependencies"] += [{"ref": one["bom-ref"]} for one in libraries]


def _list_libraries(folder: Path, owner: str, licences: dict[str, str]) -> Iterator[dict]:
    for file in sorted(folder.iterdir()):
        name = re.split(r"-[0-9a-f]{8}|\.so", file.name)[0]
        component = {
            "type": "library",
            "bom-ref": f"{owner}/{name}",
            "name": name,
            "licenses": [{"license": {"name": licences[name]}}],
            "description": f"comes inside the wheel of {folder.name.removesuffix('.libs')}",
        }
        if version := re.search(r"\.so\.([0-9.]+)$", file.name):
            component["version"] = version[1]  # that of its binary interface: the wheel tells no other
        yield component


def read_licences(page: Path) -> dict[str, str]:
    """Return the licence of each library in the table of docs/licences.md."""
    found = {}
    for row in page.read_text().splitlines():
        if row.startswith("| `"):
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", cells[0]), cells[-1])
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    print(build_sbom(ROOT, parser.parse_args().out))

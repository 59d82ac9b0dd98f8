"""Every library that comes inside a wheel of the product is listed with its licence."""

from __future__ import annotations

import re
from importlib.metadata import files
from pathlib import Path

import av
import pytest

from packages.sbom import add_libraries, read_licences

PAGE = Path(__file__).parents[2] / "docs" / "licences.md"


def test_the_libraries_of_a_wheel_are_in_the_bill_of_materials_with_their_licences(tmp_path):
    bom = {
        "components": [{"name": name, "bom-ref": name} for name in ("av", "numpy")],
        "dependencies": [{"ref": "av"}, {"ref": "numpy"}],
    }
    for name in ("av", "numpy"):  # there are tools here, too, that are not shipped
        (tmp_path / f"{name}.libs").symlink_to(Path(av.__file__).parents[1] / f"{name}.libs")
    add_libraries(bom, tmp_path, read_licences(PAGE))
    found = {one["name"]: one for one in bom["components"]}
    assert found["libx264"]["licenses"] == [{"license": {"name": "GPL-2.0-or-later"}}]
    assert found["libx264"]["version"].isdigit()
    refs = [one["bom-ref"] for one in bom["components"]]
    assert len(refs) == len(set(refs))
    edges = {one["ref"]: one.get("dependsOn", []) for one in bom["dependencies"]}
    assert set(edges) == set(refs)
    assert "av/libx264" in edges["av"]


@pytest.mark.parametrize("package", ["av", "numpy"])
def test_every_library_of_a_wheel_is_listed(package):
    inside = {
        re.split(r"-[0-9a-f]{8}|\.so", file.name)[0]
        for file in files(package) or ()
        if file.parts[0] == f"{package}.libs"
    }
    rows = [row for row in PAGE.read_text().splitlines() if row.startswith("| `") and f"| {package} |" in row]
    assert inside == {name for row in rows for name in re.findall(r"`([^`]+)`", row)}

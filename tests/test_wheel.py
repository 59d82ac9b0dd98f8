"""The wheel is complete: it carries every file that an installation needs, and runs the demo by itself."""

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# One group: the wheel is built once, not once in each worker.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT]
    built = subprocess.run(command, check=False, capture_output=True, text=True, timeout=200)
    if built.returncode and "No matching distribution found for hatchling" in built.stderr:
        pytest.skip("pip cannot fetch the build backend: no package index")
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The scripts folder of an environment with the wheel, and with the dependencies of this one."""
    home = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True, timeout=60)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", python, "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, wheel], check=True, timeout=60)
    (packages,) = home.glob("lib/python*/site-packages")
    # Appended to the path, and its own .pth files are not read: an editable install there stays hidden.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return home / "bin"


def run(*command, state: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command outside the checkout, as a user who has nothing but the installation."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "MCSYNCD_CONFIG"}}
    environ = {**kept, "XDG_STATE_HOME": str(state)}
    return subprocess.run(
        command, cwd=folder, env=environ, check=False, capture_output=True, text=True, timeout=250
    )


def test_the_wheel_carries_every_settings_sample_profile_and_unit(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for folder in ("config", "profiles", "systemd"):
            for file in (ROOT / folder).iterdir():
                assert archive.read(f"mcsyncd/_shipped/{folder}/{file.name}") == file.read_bytes()
    schemas = {f"mcsyncd/publish/{name}.schema.json" for name in ("manifest", "pointer")}
    assert {"mcsyncd/py.typed", *schemas} <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "calibration/"))]


@pytest.mark.timeout(280)
def test_the_installed_demo_runs_outside_a_checkout_without_any_settings(installed, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    # A short path of its own: a socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="mcsync-") as state:
        home = Path(state) / "mcsyncd" / "demo"
        demo = [installed / "mcsyncd", "demo", "--headless", "--seconds", "20"]
        done = run(*demo, state=Path(state), folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"settings: {home}/config/local.yaml" in done.stdout
        assert re.search(r"Sync Confidence: \d+%", done.stdout)
        published = re.search(r"published: (\S+)", done.stdout)
        assert (home / "var" / "bucket" / published[1]).is_file()
    assert list(folder.iterdir()) == []
    origin = run(
        installed / "python", "-c", "import mcsyncd; print(mcsyncd.__file__)", state=tmp_path, folder=folder
    )
    assert Path(origin.stdout.strip()).is_relative_to(installed.parent)

"""Which settings the demo uses if none are named."""

import shutil
from pathlib import Path

import pytest

from mcsyncd.demo.settings_home import prepare_demo_settings
from mcsyncd.errors import McsyncError
from mcsyncd.settings import load
from mcsyncd.settings.profiles import list_profile_names

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """As if the package came from a wheel, whose files are read-only."""
    shipped = tmp_path / "site-packages" / "mcsyncd" / "_shipped"
    for name in ("config", "profiles"):
        shutil.copytree(ROOT / name, shipped / name)
    for file in shipped.rglob("*.yaml"):
        file.chmod(0o444)
    monkeypatch.setattr(load, "_SHIPPED", shipped)


def test_in_a_checkout_the_demo_uses_the_checkouts_settings(tmp_path):
    settings = prepare_demo_settings({"XDG_STATE_HOME": str(tmp_path)})
    assert settings == ROOT / "config" / "local.yaml"
    assert list(tmp_path.iterdir()) == []


def test_an_installed_demo_keeps_everything_below_the_users_state_folder(installed, tmp_path):
    home = tmp_path / "state" / "mcsyncd" / "demo"
    settings = load.load_settings(prepare_demo_settings({"XDG_STATE_HOME": str(tmp_path / "state")}))
    folders = (settings.paths.drop, settings.paths.work, settings.paths.state, settings.storage.path)
    assert all(folder.is_relative_to(home) for folder in (*folders, settings.socket))
    assert settings.profiles.directory == home / "profiles"
    assert settings.profiles.mezzanine in list_profile_names(settings.profiles.directory)


def test_an_existing_copy_is_replaced_and_its_data_are_kept(installed, tmp_path):
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    settings = prepare_demo_settings(environ)
    shipped = settings.read_text()
    settings.write_text("outdated")
    ledger = settings.parents[1] / "var" / "state" / "ledger.db"
    ledger.parent.mkdir(parents=True)
    ledger.write_text("data")
    assert prepare_demo_settings(environ).read_text() == shipped
    assert ledger.read_text() == "data"


@pytest.mark.parametrize("named", ["", "relative/state"])
def test_without_an_absolute_state_folder_it_is_the_home_folders_own(named, installed, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    settings = prepare_demo_settings({"XDG_STATE_HOME": named})
    assert settings == tmp_path / "home/.local/state/mcsyncd/demo/config/local.yaml"


def test_a_state_folder_that_cannot_be_written_is_named_with_the_way_out(installed, tmp_path):
    (tmp_path / "state").write_text("a file, not a folder")
    with pytest.raises(McsyncError, match="state/mcsyncd/demo") as refused:
        prepare_demo_settings({"XDG_STATE_HOME": str(tmp_path / "state")})
    assert "XDG_STATE_HOME" in refused.value.hint

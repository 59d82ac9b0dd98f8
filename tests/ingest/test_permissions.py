"""Cards copied by another user, with the real commands, into folders as the shipped unit makes them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import mcsyncd

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")

OPERATOR, DAEMON, INGEST = 61101, 61102, 61103
"""Two users, and the group that both are in. None of them needs an entry in the user database."""
CARD = {"DCIM/100CAM/C0001.MP4": b"first" * 1000, "DCIM/100CAM/C0002.MP4": b"second" * 1000, "flat.mov": b"3"}

READABLE = {
    "cp -r": "umask 022; cp -r card/. {folder}/",
    "cp -r, umask 002": "umask 002; cp -r card/. {folder}/",
    "cp -a": "umask 022; cp -a card/DCIM card/flat.mov {folder}/",
    "cp -p": "umask 022; cp -rp card/DCIM card/flat.mov {folder}/",
    "mv": "umask 022; cp -r card copied; mv copied/DCIM copied/flat.mov {folder}/",
    "tar": "umask 022; tar -C card -cf - DCIM flat.mov | tar -C {folder} -xf -",
    "copytree": "copytree",
    "rsync -a": "umask 022; rsync -a card/DCIM card/flat.mov {folder}/",
    "rsync -rt": "umask 022; rsync -rt card/ {folder}/",
    "sftp": "umask 022; mkdir -p {folder}/DCIM/100CAM; for f in DCIM/100CAM/C0001.MP4 DCIM/100CAM/C0002.MP4 "
    "flat.mov; do cat card/$f > {folder}/$f; chmod 644 {folder}/$f; done",
    "install": "umask 022; cp -r card/DCIM {folder}/; install -m 444 card/flat.mov {folder}/flat.mov",
}
UNREADABLE = {
    "cp -r, umask 077": "umask 077; cp -r card/. {folder}/",
    "one file 0600": "umask 022; cp -r card/. {folder}/; chmod 600 {folder}/DCIM/100CAM/C0002.MP4",
    "one folder 0700": "umask 022; cp -r card/. {folder}/; chmod 700 {folder}/DCIM/100CAM",
}

DAEMON_SCRIPT = """if True:
    import json, os, sys
    from pathlib import Path
    from mcsyncd.errors import McsyncError
    from mcsyncd.ingest.observe import observe_drop_folders
    from mcsyncd.ingest.offload import offload_files
    from mcsyncd.ingest.pairing import list_complete_files
    from mcsyncd.ingest.settle import SettleState
    from mcsyncd.model.clip import DropFile
    user, group = int(sys.argv[1]), int(sys.argv[2])
    os.setgroups([group]); os.setgid(user); os.setuid(user)
    drop, state = Path("drop"), SettleState()
    for _ in range(2):
        _, state = observe_drop_folders(drop, ["cam_a", "cam_b"], state, settle_s=0, settle_network_s=0)
    files = list_complete_files(state)
    said = {"statuses": {"/".join(key): track.status for key, track in state.files.items()}}
    if sys.argv[3] == "all":  # what settled, and what somebody made unreadable since
        files = [DropFile(*key, t.observation.size, t.observation.mtime_ns) for key, t in state.files.items()]
    try:
        taken = offload_files(files, drop, Path("work"))
        said |= {"paths": dict(taken.paths), "left": dict(taken.left)}
    except McsyncError as error:
        said |= {"error": error.message, "hint": error.hint}
    print(json.dumps(said))
"""


@pytest.fixture
def home():
    """A folder that every user may enter, with the drop folders of the unit, but without their ACL."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        home = Path(folder)
        home.chmod(0o755)
        for path, content in CARD.items():
            (home / "card" / path).parent.mkdir(parents=True, exist_ok=True)
            (home / "card" / path).write_bytes(content)
        for camera in ("cam_a", "cam_b"):
            (home / "drop" / camera).mkdir(parents=True)
            os.chown(home / "drop" / camera, 0, INGEST)
            (home / "drop" / camera).chmod(0o2775)
        (home / "work").mkdir()
        os.chown(home / "work", DAEMON, DAEMON)
        for path in (home / "card", *(home / "card").rglob("*")):
            os.chown(path, OPERATOR, OPERATOR)
        home.chmod(0o777)
        yield home


COPYTREE_SCRIPT = """if True:
    import os, shutil, sys
    os.setgroups([int(sys.argv[2])]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
    os.umask(0o022)
    shutil.copytree("card/DCIM", f"{sys.argv[3]}/DCIM")
    shutil.copy("card/flat.mov", sys.argv[3])
"""


def copy_card(home: Path, way: str, camera: str) -> None:
    if way == "copytree":
        arguments = [str(OPERATOR), str(INGEST), f"drop/{camera}"]
        subprocess.run([sys.executable, "-c", COPYTREE_SCRIPT, *arguments], cwd=home, check=True)
        return
    if "rsync" in way and shutil.which("rsync") is None:
        pytest.skip("no rsync here")
    command = way.format(folder=f"drop/{camera}")
    identity = [f"--reuid={OPERATOR}", f"--regid={OPERATOR}", f"--groups={INGEST}"]
    subprocess.run(["setpriv", *identity, "sh", "-ec", command], cwd=home, check=True)


def offload_as_daemon(home: Path, which: str = "settled") -> dict:
    done = subprocess.run(
        [sys.executable, "-c", DAEMON_SCRIPT, str(DAEMON), str(INGEST), which],
        cwd=home,
        env={"PYTHONPATH": str(Path(mcsyncd.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def list_contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("way", READABLE.values(), ids=READABLE.keys())
def test_a_card_is_taken_however_it_was_copied_and_what_may_not_be_removed_is_said(home, way):
    copy_card(home, way, "cam_a")
    copy_card(home, "umask 002; cp card/flat.mov {folder}/", "cam_b")
    said = offload_as_daemon(home)
    expected = {f"cam_a/{path}": content for path, content in CARD.items()} | {"cam_b/flat.mov": b"3"}
    assert list_contents(home / "work") == expected
    still_there = list_contents(home / "drop")
    assert still_there == {path: expected[path] for path in said["left"]}
    assert "cam_a/flat.mov" not in said["left"], "the camera's own folder is the daemon's to tidy"


@pytest.mark.parametrize("way", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_may_not_be_read_is_refused_before_the_session_is_sealed(home, way):
    copy_card(home, way, "cam_a")
    assert "refused" in offload_as_daemon(home)["statuses"].values()


def test_a_file_that_becomes_unreadable_leaves_every_camera_untouched(home):
    copy_card(home, READABLE["cp -r"], "cam_a")
    copy_card(home, "umask 002; cp card/flat.mov {folder}/", "cam_b")
    before = list_contents(home / "drop")
    (home / "drop/cam_b/flat.mov").chmod(0)
    said = offload_as_daemon(home, "all")
    assert "cam_b/flat.mov" in said["error"]
    assert said["hint"]
    (home / "drop/cam_b/flat.mov").chmod(0o644)
    assert list_contents(home / "drop") == before
    assert list_contents(home / "work") == {}

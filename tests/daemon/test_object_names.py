"""What people read of an object: the clip's name and what it is, never the key."""

from __future__ import annotations

import pytest

from mcsyncd.daemon.object_names import find_object_key, name_objects
from mcsyncd.daemon.worker_pool import classify_failure
from mcsyncd.errors import StorageError, StoreOffline
from mcsyncd.model.jobs import PointHead, Upload
from mcsyncd.model.publishing import HeadState, PlannedObject, StoreHead
from mcsyncd.model.session import Publication

SESSION = "20261126-091502-k7q"
KEY = f"v1/proxy/{SESSION}/cam_b/{'0' * 16}/proxy-540p-12345678/{'f' * 64}.mp4"
UPLOAD = Upload(SESSION, PlannedObject(KEY, "proxy", "p.mp4", 1, "f" * 64, "cam_b/DCIM\\1/B001.MOV"))
NAME = "cam_b/DCIM\\1/B001.MOV, proxy"


@pytest.mark.parametrize("error", [StoreOffline(f"{KEY}: failing"), StorageError(f"{KEY}: failing")])
def test_an_error_names_the_clip(error):
    assert classify_failure(UPLOAD, error).message == f"{NAME}: failing"
    assert find_object_key(UPLOAD) == KEY


def test_a_path_in_the_folder_of_the_store_stays_a_path():
    message = f"/srv/bucket/{KEY}: Permission denied (while storing or reading {KEY})"
    told = name_objects(message, UPLOAD)
    assert told == f"/srv/bucket/{KEY}: Permission denied (while storing or reading {NAME})"


def test_manifest_and_pointer_have_no_clip():
    job = PointHead(SESSION, StoreHead(HeadState.CURRENT, 1), Publication(1, "k", "d" * 64))
    told = name_objects(
        f"head/{SESSION}.json: failing; v1/manifest/{SESSION}/000001-{'a' * 16}.json: no", job
    )
    assert told == f"{SESSION}, pointer: failing; {SESSION}, manifest: no"

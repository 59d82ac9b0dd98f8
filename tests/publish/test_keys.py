from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.errors import StorageError
from mcsyncd.publish import keys

SHA, OTHER = "ab" * 32, "cd" * 32
SESSION = "20261123-091502-k7q"


def test_the_layout():
    made = {
        "source": SHA,
        "profile": "mezz-h264",
        "profile_hash": "ef" * 32,
        "sha256": OTHER,
        "name": "x.mp4",
    }
    assert keys.build_original_key(SESSION, "cam_a", SHA, "A001.MOV") == f"v1/orig/{SESSION}/cam_a/{SHA}.mov"
    assert keys.build_rendition_key("mezzanine", SESSION, "cam_a", **made) == (
        f"v1/mezz/{SESSION}/cam_a/abababababababab/mezz-h264-efefefef/{OTHER}.mp4"
    )
    assert keys.build_rendition_key("proxy", SESSION, "cam_a", **made).startswith(
        f"v1/proxy/{SESSION}/cam_a/"
    )
    assert re.fullmatch(
        rf"v1/wave/{SESSION}/cam_a/abababababababab/[0-9a-f]{{8}}-cdcdcdcdcdcdcdcd\.dat",
        keys.build_peaks_key(SESSION, "cam_a", source=SHA, sha256=OTHER),
    )
    assert re.fullmatch(
        rf"v1/sprite/{SESSION}/cam_a/abababababababab/[0-9a-f]{{8}}/cdcdcdcdcdcdcdcd\.jpg",
        keys.build_sprites_key(SESSION, "cam_a", source=SHA, sha256=OTHER, name="x.jpg"),
    )
    mezzanine = keys.build_rendition_key("mezzanine", SESSION, "cam_a", **made)
    assert keys.build_sidecar_key(mezzanine, SHA) == mezzanine.replace(".mp4", ".abababababababab.json")
    assert keys.build_manifest_key(SESSION, 3, SHA) == f"v1/manifest/{SESSION}/000003-abababababababab.json"
    assert keys.build_head_key(SESSION) == f"head/{SESSION}.json"


@given(st.text())
def test_no_text_of_a_file_name_reaches_a_key(name):
    key = keys.build_original_key(SESSION, "cam_a", SHA, name)
    assert re.fullmatch(rf"v1/orig/{SESSION}/cam_a/{SHA}\.[a-z0-9]{{1,8}}", key)


@pytest.mark.parametrize(
    "key", ["", "/x", "../x", "v1/../x", "v1//x", "v1/x/", "v1/.hidden", "a\0b", "v1/A", "x" * 2000]
)
def test_a_key_that_leads_out_is_refused(key):
    with pytest.raises(StorageError):
        keys.validate_key(key)


def test_only_the_pointer_may_be_asked_for_again():
    assert keys.get_cache_control(keys.build_head_key(SESSION)) == "no-cache"
    assert "immutable" in keys.get_cache_control(keys.build_manifest_key(SESSION, 1, SHA))
    assert "no-store" in keys.get_cache_control(keys.build_original_key(SESSION, "cam_a", SHA, "a.mov"))

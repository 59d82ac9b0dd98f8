"""The shoot with trouble: every clip is what real cards bring along, and the truth about it is known."""

from __future__ import annotations

import json

import pytest

from mcsyncd.cli.main import main
from mcsyncd.demo.shoot import make_shoot


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trouble")
    return make_shoot(folder, seconds=16.0, size=(64, 36), seed=3, recorder="rec")


@pytest.mark.slow
def test_every_clip_of_a_shoot_with_trouble_lies_where_it_was_filmed(troubled, capsys):
    files = [*troubled.files.items(), *troubled.broll.items()]
    with pytest.raises(SystemExit):
        main(["align", "--json", *(f"{key}={path}" for key, path in files)])
    found = json.loads(capsys.readouterr().out)
    for key, offset_us in troubled.offsets_us.items():
        assert found["offsets_ms"][key] == pytest.approx(offset_us / 1000, abs=2), key
    clips = {clip["name"]: clip for clip in found["clips"]["cam_b"]}
    (broll,) = troubled.broll.values()
    assert clips[broll.name]["disposition"] == "set_aside"
    codes = {reason["code"] for reason in found["reasons"]}
    assert {"echo", "timecode_agrees"} <= codes
    # The echo is louder than the stage: right as it is, a person looks at it.
    assert 0.5 < found["confidence"] < 0.85

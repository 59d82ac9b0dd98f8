"""Whole cards through a real daemon: what is kept, what is a clip, and what becomes of a damaged one."""

from __future__ import annotations

import shutil
from pathlib import Path

import av

CARD = "PRIVATE/M4ROOT"


def ruin_picture(path: Path) -> None:
    """Overwrite every packet of the picture: no decoder makes anything of it."""
    with av.open(str(path)) as container:
        found = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for position, size in found:
        content[position : position + size] = b"\xff" * size
    path.write_bytes(content)


def test_a_card_is_taken_whole_and_the_proxy_of_a_damaged_clip_takes_its_place(line, shoot, tmp_path):
    line.configure(conform="approved")
    line.start()
    source = shoot.files["cam_b"]
    card = tmp_path / "PRIVATE"
    files = {f"{CARD}/SUB/C0001S03.MP4", f"{CARD}/CLIP/C0001M01.XML", f"{CARD}/THMBNL/C0001T01.JPG"}
    files |= {f"{CARD}/CLIP/C0001.MP4", f"{CARD}/MEDIAPRO.XML"}
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path) if name.endswith("MP4") else path.write_text("<x/>")
    ruin_picture(tmp_path / CARD / "CLIP/C0001.MP4")
    shutil.copytree(card, line.drop / "cam_b" / "PRIVATE")
    line.drop_in({"cam_a": shoot.files["cam_a"], "cam_c": shoot.files["cam_c"]})
    found = line.wait_for("in_review")
    (clip,) = found["cameras"]["cam_b"]["clips"]
    assert clip["name"] == f"{CARD}/SUB/C0001S03.MP4"
    assert "second_copy" in {reason["code"] for reason in found["reasons"]}
    assert found["call_to_action"] == "review_sync"
    assert abs(found["offsets_ms"]["cam_b"] - shoot.offsets_us["cam_b"] / 1000) < 8.33
    kept = line.work / "sessions" / found["id"] / "original" / "cam_b"
    assert {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()} == files
    assert not list((line.drop / "cam_b").iterdir())


def test_a_clip_that_only_the_cards_index_tells_of_is_missed_and_can_be_left_out(line, shoot, tmp_path):
    """It was sealed at 99%: neither the clip nor anything that was recorded with it had been copied."""
    line.start()
    card = line.drop / "cam_b" / CARD
    (card / "CLIP").mkdir(parents=True)
    clips = "".join(f'<Material uri="./CLIP/C000{number}.MP4" type="MP4"/>' for number in (1, 2))
    space = "http://xmlns.sony.net/pro/metadata/mediaprofile"
    (card / "MEDIAPRO.XML").write_text(
        f'<MediaProfile xmlns="{space}"><Contents>{clips}</Contents></MediaProfile>'
    )
    shutil.copy(shoot.files["cam_b"], card / "CLIP/C0001.MP4")
    line.drop_in({"cam_a": shoot.files["cam_a"], "cam_c": shoot.files["cam_c"]})
    absent = f"cam_b/{CARD}/CLIP/C0002.MP4"
    line.wait(lambda: line.status()["held"] == [absent], "the clip is missed")
    refused = line.ask("seal", check=False)
    assert refused.returncode != 0
    assert "MEDIAPRO.XML lists it, and it is not here" in refused.stderr
    line.ask("seal", "--without", absent)
    found = line.wait_for("in_review")
    assert found["call_to_action"] == "review_sync"
    assert absent in found["left_out"]
    assert not list((line.drop / "cam_b").iterdir())

"""Cards with hash lists through a real daemon: proven ones do not wait, damaged ones are held."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import xxhash


def make_list(name: str, file: Path, content: bytes | None = None) -> str:
    content = file.read_bytes() if content is None else content
    if name.endswith(".md5"):
        return f"{hashlib.md5(content).hexdigest()}  {file.name}\n"
    xxh64 = xxhash.xxh64(content).hexdigest()
    entry = (
        f"<hash><file>{file.name}</file><size>{len(content)}</size><xxhash64be>{xxh64}</xxhash64be></hash>"
    )
    return f'<hashlist version="1.1">{entry}</hashlist>'


def drop_card(line, camera: str, file: Path, name: str, content: bytes | None = None) -> None:
    shutil.copy(file, line.drop / camera)
    (line.drop / camera / name).write_text(make_list(name, file, content))


def test_proven_cards_do_not_wait_for_quiet_and_the_record_says_why(line, shoot):
    line.configure(quiet="60m")
    line.start()
    lists = {"cam_a": "card.mhl", "cam_b": "checksums.md5", "cam_c": "card.mhl"}
    for camera, name in lists.items():
        drop_card(line, camera, shoot.files[camera], name)
    found = line.wait_for("in_review")
    for camera, name in lists.items():
        (clip,) = found["cameras"][camera]["clips"]
        algorithm = "md5" if name.endswith("md5") else "xxh64"
        assert clip["hash_checks"] == [{"hash_list": name, "algorithm": algorithm, "verdict": "verified"}]
        kept = line.work / "sessions" / found["id"] / "original" / camera / name
        assert kept.read_text() == make_list(name, shoot.files[camera])
    assert "1 of 1 clips verified by checksums.md5" in line.ask("show", found["id"]).stdout


def test_a_clip_that_differs_from_its_list_is_held_and_taken_only_with_a_doubt(line, shoot):
    line.start()
    line.drop_in({camera: shoot.files[camera] for camera in ("cam_a", "cam_c")})
    clip = shoot.files["cam_b"]
    damaged = clip.read_bytes()[:-1] + b"!"
    drop_card(line, "cam_b", clip, "card.md5", damaged)
    key = f"cam_b/{clip.name}"

    def held():
        pending = {one["name"]: one for one in line.status()["folders"]["cam_b"]["settling"]}
        one = pending.get(clip.name)
        return one if one is not None and one["state"] == "incomplete" else None

    assert line.wait(held, "the clip is held")["note"].startswith("not what card.md5 says (md5)")
    refused = line.ask("seal", check=False)
    assert refused.returncode != 0
    assert "not what card.md5 says" in refused.stderr
    assert (line.drop / "cam_b" / clip.name).read_bytes() == clip.read_bytes()
    line.ask("seal", "--as-is", key)
    found = line.wait_for("in_review")
    (reason,) = (one for one in found["reasons"] if one["code"] == "hash_differs")
    assert (reason["subject"], reason["values"]) == (key, {"hash_list": "card.md5", "algorithm": "md5"})
    assert found["call_to_action"] == "review_sync"

"""What a machine says that it wrote counts only if it is that, in the attempt's own folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcsyncd.model.rendition import WrittenFile
from mcsyncd.workers.result_check import FalseResult, adopt_result, check_result

DATA = b"a segment"


@dataclass(frozen=True)
class Made:
    files: tuple[WrittenFile, ...]


@pytest.fixture
def own(tmp_path) -> Path:
    folder = tmp_path / "own"
    (folder / "below").mkdir(parents=True)
    return folder


def say(path: Path) -> Made:
    return Made((WrittenFile(str(path), len(DATA), hashlib.sha256(DATA).hexdigest()),))


def test_a_true_file_moves_to_where_it_belongs(own, tmp_path):
    (own / "00001.mp4").write_bytes(DATA)
    made = say(own / "00001.mp4")
    check_result(made, own)
    (file,) = adopt_result(made, tmp_path / "segments").files
    assert Path(file.path) == tmp_path / "segments" / "00001.mp4"
    assert Path(file.path).read_bytes() == DATA
    assert not (own / "00001.mp4").exists()


@pytest.mark.parametrize("name", ["below/00001.mp4", "../00001.mp4", "below/../00001.mp4", ".."])
def test_a_file_elsewhere_than_in_the_folder_is_false(own, name):
    """Below the folder that it moves to, the job may have made a link: what is renamed there is lost."""
    path = own / name
    if not path.is_dir():
        path.write_bytes(DATA)
    with pytest.raises(FalseResult, match="elsewhere"):
        check_result(say(path), own)


def test_a_link_to_a_true_file_is_false(own, tmp_path):
    (tmp_path / "ledger").write_bytes(DATA)
    (own / "00001.mp4").symlink_to(tmp_path / "ledger")
    with pytest.raises(FalseResult, match="link"):
        check_result(say(own / "00001.mp4"), own)


def test_a_folder_that_is_a_link_is_false(own, tmp_path):
    (own / "00001.mp4").write_bytes(DATA)
    linked = tmp_path / "linked"
    linked.symlink_to(own)
    with pytest.raises(FalseResult, match="link"):
        check_result(say(linked / "00001.mp4"), linked)


def test_a_file_that_is_cut_is_false(own, monkeypatch):
    monkeypatch.setattr("mcsyncd.workers.result_check._LOOK_S", 0.0)
    (own / "00001.mp4").write_bytes(DATA[:-1])
    with pytest.raises(FalseResult, match="not what the machine says"):
        check_result(say(own / "00001.mp4"), own)

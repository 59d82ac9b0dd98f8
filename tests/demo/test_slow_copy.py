import threading
import time

import pytest

from mcsyncd.demo.slow_copy import drop_slowly


@pytest.fixture
def files(tmp_path):
    made = {}
    for number, key in enumerate(("cam_a", "cam_b")):
        made[key] = tmp_path / f"{key}.mov"
        made[key].write_bytes(bytes([number, 7, 9]) * (10_001 + number))
    return made


def test_the_files_grow_under_their_final_names_and_arrive_whole(tmp_path, files):
    drop, sizes = tmp_path / "drop", []
    copy = threading.Thread(target=drop_slowly, args=(files.items(), drop, 1.0, lambda _: None))
    copy.start()
    while copy.is_alive():
        target = drop / "cam_a" / "cam_a.mov"
        sizes.append(target.stat().st_size if target.exists() else 0)
        time.sleep(0.02)
    copy.join()
    assert len({size for size in sizes if 0 < size < files["cam_a"].stat().st_size}) >= 3
    for key, source in files.items():
        assert (drop / key / source.name).read_bytes() == source.read_bytes()
        assert [found.name for found in (drop / key).iterdir()] == [source.name]


def test_progress_ends_at_one_and_it_takes_the_time_asked_for(tmp_path, files):
    told = []
    begin = time.monotonic()
    drop_slowly(files.items(), tmp_path / "drop", 0.5, told.append)
    assert 0.5 <= time.monotonic() - begin < 5
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_second_drop_replaces_the_first(tmp_path, files):
    for _ in range(2):
        drop_slowly(files.items(), tmp_path / "drop", 0.1, lambda _: None)
    assert (tmp_path / "drop/cam_b/cam_b.mov").read_bytes() == files["cam_b"].read_bytes()

"""What conform promises about its files: whole or not at all, the same bytes again, an honest account."""

import errno
import hashlib
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest

from footage import Shot, film, phone, steady
from mcsyncd.errors import BadMedia
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip

SAMPLES = Path(__file__).parents[2].parent / "shared" / "media_samples"


def test_the_account_is_that_of_the_files(run, tmp_path):
    source = film(tmp_path / "clip.mov", Shot(phone(3), (0, 3), sound_codec="pcm_s24le"))
    made = run(source, Rate(30))
    for rendition in made.renditions:
        written = Path(rendition.path).read_bytes()
        assert rendition.bytes == len(written)
        assert rendition.sha256 == hashlib.sha256(written).hexdigest()
        assert rendition.rate == Rate(30)
        assert (rendition.width, rendition.height) == (160, 120)
    # every tick shows a picture, and every picture is shown or counted
    mezzanine = made.get_rendition("mezzanine")
    assert mezzanine.frames == len(phone(3)) + mezzanine.duplicated - mezzanine.dropped
    assert dict(made.versions)["pyav"] == av.__version__
    assert dict(made.versions)["x264"].isdigit()
    left = sorted(path.name for path in (tmp_path / "out").iterdir())
    files = ["clip.mezz.mp4", "clip.mezz.mp4.json", "clip.proxy.mp4", "clip.proxy.mp4.json"]
    assert left == [*files, "clip.sprites"]


@pytest.mark.parametrize("mezzanine", ["mezz-h264", "mezz-h264-intra", "mezz-prores-lt", "mezz-dnxhr-lb"])
def test_the_same_again_gives_the_same_bytes(mezzanine, run, tmp_path):
    source = film(tmp_path / "clip.mov", Shot(phone(2), (0, 2), size=(320, 240)))
    first, second = (
        run(source, Rate(30), drift_ppm=31.4, phase_us=4_000, mezzanine=mezzanine, folder=tmp_path / name)
        for name in ("one", "two")
    )
    assert [made.sha256 for made in first.renditions] == [made.sha256 for made in second.renditions]


def test_pictures_are_not_cut_into_slices_for_threads(run, tmp_path):
    made = run(film(tmp_path / "clip.mp4", Shot(steady(30, 1))))
    for rendition in made.renditions:
        assert b"sliced_threads=0" in Path(rendition.path).read_bytes()


def test_the_index_stands_in_front_and_nothing_tells_the_time(run, tmp_path):
    made = run(film(tmp_path / "clip.mp4", Shot(steady(30, 1), (0, 1), sound_codec="aac")))
    for rendition in made.renditions:
        written = Path(rendition.path).read_bytes()
        assert written.index(b"moov") < written.index(b"mdat")
        with av.open(rendition.path) as container:
            assert "creation_time" not in container.metadata
            assert "encoder" not in container.metadata


def test_key_pictures_come_at_equal_steps(run, tmp_path):
    # a cut in the middle of a group must not move the key pictures
    made = run(film(tmp_path / "clip.mp4", Shot(steady(30, 2), events=(0.3, 0.9))))
    for kind, group in (("mezzanine", 15), ("proxy", 10)):
        with av.open(made.get_rendition(kind).path) as container:
            keys = [
                index
                for index, packet in enumerate(p for p in container.demux(video=0) if p.size)
                if packet.is_keyframe
            ]
        assert keys == list(range(0, 60, group))


def test_progress_rises_to_the_end(run, tmp_path):
    told = []
    made = run(film(tmp_path / "clip.mp4", Shot(steady(30, 2))), progress=lambda *step: told.append(step))
    assert told == sorted(told)
    assert told[-1] == (made.get_rendition("mezzanine").frames,) * 2


def test_the_original_is_not_touched(run, tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(steady(30, 1)))
    source.chmod(0o400)
    before = (source.read_bytes(), source.stat().st_mtime_ns)
    run(source)
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before


def test_what_was_there_is_replaced_whole(run, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "clip.mezz.mp4.part").write_bytes(b"left by a crash")
    (folder / "clip.mezz.mp4").write_bytes(b"old")
    made = run(film(tmp_path / "clip.mp4", Shot(steady(30, 1))))
    assert (
        len(Path(made.get_rendition("mezzanine").path).read_bytes()) == made.get_rendition("mezzanine").bytes
    )
    assert not (folder / "clip.mezz.mp4.part").exists()


def test_a_source_that_became_text_is_bad_media_and_leaves_nothing(run, tmp_path):
    source = film(tmp_path / "clip.mp4", Shot(steady(30, 1)))
    media = probe_clip(source)
    source.write_text("no picture here")
    with pytest.raises(BadMedia, match=r"clip\.mp4"):
        run(source, media=media)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_clock_that_jumps_is_refused_and_does_not_fill_the_disk(run, tmp_path):
    shot = Shot([*steady(25, 1), *steady(25, 1, 40_000)], events=())
    source = film(tmp_path / "clip.mkv", shot)
    with pytest.raises(BadMedia, match="timestamps jump"):
        run(source)
    assert list((tmp_path / "out").iterdir()) == []


# Runs in a process of its own, because a limit and a peak of memory are a whole process's.
_ALONE = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[4]]
from mcsyncd.conform.conform import conform_clip
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
source, folder, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
media = probe_clip(source)
refs = [load_profile(find_shipped_profiles(), name).build_ref(name) for name in ("mezz-h264", "proxy-540p")]
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    conform_clip(source, media, rate=media.video.rate, phase_us=0, drift_ppm=0.0, mezzanine=refs[0],
            proxy=refs[1], folder=folder, stem="clip")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
except OSError as error:
    print(error.errno)
"""


def _alone(source: Path, folder: Path, limit: int = 0) -> int:
    folder.mkdir()
    command = [sys.executable, "-c", _ALONE, source, folder, str(limit), str(Path(__file__).parents[2])]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return int(told.stdout)


@pytest.mark.parametrize("limit", [500, 4_000])
def test_a_disk_that_takes_no_more_is_the_systems_own_error_and_leaves_nothing(limit, tmp_path):
    # A limit on the size of a file stands in for a full disk: the write fails in the same place.
    source = film(tmp_path / "clip.mov", Shot(steady(30, 2), (0, 2)))
    assert _alone(source, tmp_path / "out", limit) == errno.EFBIG
    assert list((tmp_path / "out").iterdir()) == []


def test_memory_does_not_grow_with_the_clip(tmp_path):
    def peak_kib(seconds: int) -> int:
        source = film(tmp_path / f"{seconds}.mov", Shot(steady(30, seconds), (0, seconds), events=()))
        return _alone(source, tmp_path / str(seconds))

    # 56 s of sound as float are 10 MiB, 1680 pictures 46 MiB
    assert peak_kib(60) - peak_kib(4) < 8 * 1024


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no folder of real camera files beside this checkout")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("drewnoakes__FLIR_Thermal.mp4", marks=pytest.mark.slow),
        "drewnoakes__Sony_ILCE-7M3__A7M3_.mts",
        "drewnoakes__with-gps.mov",
        "drewnoakes__with-gps.mp4",
        "Vanilagy__edts.mp4",
        "WyattBlue__testsrc.mkv",
        pytest.param("gopro__max-heromode_4s.mov", marks=pytest.mark.slow),
        pytest.param("Vanilagy__cursed-vfr.mp4", marks=pytest.mark.slow),
        pytest.param("Vanilagy__rotate-buck-bunny.mp4", marks=pytest.mark.slow),
        pytest.param("Vanilagy__video-h265.mp4", marks=pytest.mark.slow),
        "meta-pytorch__discard_first_keyframe.mp4",
        "meta-pytorch__nasa_13013.mp4",
        "meta-pytorch__nasa_13013_hdr.mp4",
        "meta-pytorch__test_non_zero_start.mp4",
    ],
)
def test_real_camera_files_conform(name, run):
    source = SAMPLES / name
    media = probe_clip(source)
    made = run(source, Rate(25))
    expected = Fraction(media.video.duration_us, 1_000_000) * 25
    assert abs(made.get_rendition("mezzanine").frames - expected) <= 1
    assert Path(made.get_rendition("proxy").path).stat().st_size == made.get_rendition("proxy").bytes

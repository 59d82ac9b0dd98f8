"""A contained job has its segments encoded by others, and can have nothing else done by them."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import signal
import socket
import threading
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from exploits import list_obtained
from footage import Shot, film, steady
from mcsyncd.conform.clip_tasks import list_possible_tasks, plan_clip
from mcsyncd.conform.conform import conform_with_profiles
from mcsyncd.conform.grid import Grid
from mcsyncd.conform.segment_task import encode_segment
from mcsyncd.errors import BadMedia, IntegrityError
from mcsyncd.model.clip import Clip
from mcsyncd.model.jobs import Conform
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.profiles import Profile
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers.engine import ClusterEngine
from mcsyncd.workers.perform import perform_job
from mcsyncd.workers.sandbox import kernel
from mcsyncd.workers.sandbox.contained_call import FIRST_KEPT
from mcsyncd.workers.segment_requests import AskingExecutor
from mcsyncd.workers.segment_server import answer_questions
from nodes import wait_until, write_identity

contained = pytest.mark.skipif(
    kernel.read_landlock_version() == 0 or not kernel.has_filters(), reason="this kernel cannot contain"
)
LIMIT_S = 60.0
NO_LIMIT = 1 << 40
GRID = Grid(Rate(30))
VIDEO = {"codec": "h264", "crf": 20, "gop": 10, "threads": 2, "preset": "veryfast"}
SOUND = {"channels": "stereo", "audio": {"codec": "aac", "kbps": 96}}


def build_ref(kind: str):
    profile = {"kind": kind, "container": "mp4", "video": VIDEO, **SOUND}
    return Profile.model_validate(profile).build_ref(f"mine-{kind}")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return film(
        tmp_path_factory.mktemp("card") / "clip.mp4", Shot(steady(30, 10), (0, 10), sound_codec="aac")
    )


def list_tasks(source: Path, path: Path):
    return list_possible_tasks(
        source, plan_clip(probe_clip(source), GRID, (("proxy", build_ref("proxy")),)), path
    )


@contextmanager
def asking(tasks, executor: Executor):
    """An executor that asks through real pipes, whose other ends a thread serves."""
    (questions, ask_to), (answers, answer_to) = os.pipe(), os.pipe()
    server = threading.Thread(target=answer_questions, args=(questions, answer_to, lambda: tasks, executor))
    server.start()
    try:
        yield AskingExecutor(ask_to, answers)
    finally:
        os.close(ask_to)
        server.join(LIMIT_S)
        executor.shutdown()
        os.close(questions)
        os.close(answer_to)


class NeverExecutor(Executor):
    """Takes every task, and is asked for which ones."""

    def __init__(self) -> None:
        self.taken: list[object] = []

    def submit(self, _call, task, /):
        self.taken.append(task)
        return Future()


def find_open(numbers) -> int:
    """Return the first number of an open file. Raises OSError if there is none."""
    for number in numbers:
        with suppress(OSError):
            os.fstat(number)
            return number
    raise OSError(errno.EBADF, "nothing is open")


def test_a_clip_that_asks_for_its_segments_has_the_same_bytes(source, tmp_path):
    wanted, media = (("proxy", build_ref("proxy")),), probe_clip(source)
    alone = conform_with_profiles(source, media, GRID, wanted, folder=tmp_path / "alone", stem="clip")
    path = tmp_path / "segments"
    tasks = list_tasks(source, path)
    assert len(tasks) > 2, "in segments, and in one pass"
    with asking(tasks, ThreadPoolExecutor(2)) as executor:
        asked = conform_with_profiles(
            *(source, media, GRID, wanted),
            folder=tmp_path / "asked",
            stem="clip",
            segment_folder=path,
            executor=executor,
        )
    assert [file.sha256 for file in asked.files] == [file.sha256 for file in alone.files]


def test_nothing_but_a_segment_of_the_clip_is_encoded_and_that_once(source, tmp_path):
    tasks = list_tasks(source, tmp_path / "segments")
    elsewhere = replace(tasks[1].folder, path=tmp_path / "elsewhere")
    taking = NeverExecutor()
    with asking(tasks[1:], taking) as executor:
        # Where a segment's files go, and what it is made from, is not for the job to say.
        astray = replace(tasks[1], folder=elsewhere, source=tmp_path / "another.mov")
        executor.submit(encode_segment, astray)
        of_another_plan = replace(tasks[2], folder=replace(elsewhere, key="0" * 64))
        for refused in (astray, tasks[0], of_another_plan):
            with pytest.raises(IntegrityError, match="none that the job may ask for") as caught:
                executor.submit(encode_segment, refused).result(LIMIT_S)
            assert "attack" in caught.value.hint
    assert taking.taken == [tasks[1]]


def test_the_error_of_a_segment_is_the_jobs(source, tmp_path):
    """As an encoder on a machine that meets a damaged clip."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(source.read_bytes()[:2000])
    tasks = [replace(task, source=broken) for task in list_tasks(source, tmp_path / "segments")]
    with asking(tasks, ThreadPoolExecutor(1)) as executor, pytest.raises(BadMedia, match="broken") as caught:
        executor.submit(encode_segment, tasks[0]).result(LIMIT_S)
    assert caught.value.hint


def test_a_job_whose_server_is_gone_does_not_wait_for_it(source, tmp_path):
    tasks = list_tasks(source, tmp_path / "segments")
    (questions, ask_to), (answers, answer_to) = os.pipe(), os.pipe()
    executor = AskingExecutor(ask_to, answers)
    waiting = executor.submit(encode_segment, tasks[0])
    os.close(answer_to)
    for future in (waiting, executor.submit(encode_segment, tasks[1])):
        with pytest.raises(BrokenExecutor, match="has ended"):
            future.result(LIMIT_S)
    for descriptor in (questions, ask_to, answers):
        os.close(descriptor)


def make_layout(folder: Path) -> WorkLayout:
    layout = WorkLayout(folder / "drop", folder / "work", LocalStorage(kind="local", path=folder / "bucket"))
    (layout.work / "progress").mkdir(parents=True)
    return layout


def build_job(layout: WorkLayout, path: Path) -> Conform:
    media, seen = probe_clip(path), path.stat()
    clip = Clip("cam_a", path.name, seen.st_size, seen.st_mtime_ns, path.name, media=media)
    profiles = build_ref("mezzanine"), build_ref("proxy")
    return Conform("20261123-091502-k7q", clip, Rate(30), 0, 0.0, *profiles)


def build_engine(layout: WorkLayout, folder: Path) -> ClusterEngine:
    """Whose scheduler is away: nothing listens on that port."""
    write_identity(folder)
    pem = [folder / f"{name}.pem" for name in ("ca", "cert", "key")]
    return ClusterEngine("tls://127.0.0.1:1", *pem, layout.work / "cluster")


def list_children(pid: int) -> set[int]:
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def test_both_processes_of_a_job_that_is_killed_end_with_it(source, tmp_path):
    """The limit guard kills the job's process, and so does the daemon's end. This job waits for machines."""
    layout = make_layout(tmp_path)
    job = build_job(layout, Path(shutil.copy(source, layout.work)))
    arguments = (job, layout, NO_LIMIT, build_engine(layout, tmp_path))
    process = multiprocessing.get_context("fork").Process(target=perform_job, args=arguments)
    process.start()
    wait_until(lambda: len(list_children(process.pid)) == 2, "one conforms, and one hands out")
    children = list_children(process.pid)
    process.kill()
    process.join(LIMIT_S)
    wait_until(lambda: not any(Path(f"/proc/{pid}/fd/0").exists() for pid in children), "both have ended")


@contained
def test_an_exploit_in_a_conform_job_that_hands_out_obtains_nothing(tmp_path, monkeypatch):
    """Not even the key of the cluster; dask is loaded, and a connection is being tried."""
    layout = make_layout(tmp_path)
    # Before it asks for a segment, it looks into a file without an index by itself.
    path = film(layout.work / "clip.mts", Shot(steady(30, 10), (0, 10), sound_codec="aac"))
    job, engine = build_job(layout, path), build_engine(layout, tmp_path)
    other = layout.work / "another.mov"
    other.write_bytes(b"mine")
    attacks = {
        "the key of the cluster": engine.tls_key.read_bytes,
        "another clip": other.read_bytes,
        "the clip, to write": lambda: path.open("r+b").close(),
        "what its parent has open": lambda: find_open(range(FIRST_KEPT + 2, 1024)),
        "a socket": socket.socket,
        "a process": os.fork,
        "ending its parent": lambda: os.kill(os.getppid(), signal.SIGTERM),
    }

    def exploit(*_args, **_options):
        raise BadMedia(f"obtained: {list_obtained(attacks)}", f"in process {os.getpid()}")

    monkeypatch.setattr("av.open", exploit)
    with pytest.raises(BadMedia, match="obtained") as caught:
        perform_job(job, layout, NO_LIMIT, engine)
    assert caught.value.message == "obtained: []"
    assert str(os.getpid()) not in caught.value.hint, "it ran in a process of its own"
    assert other.read_bytes() == b"mine"

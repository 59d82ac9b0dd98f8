"""Segments on real machines: a scheduler and two workers over TLS, in namespaces of their own."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from footage import Shot, film, steady
from mcsyncd.errors import BadMedia
from mcsyncd.integrity.hashing import verify_digest
from mcsyncd.model.clip import Clip
from mcsyncd.model.drift_curve import DriftKnot
from mcsyncd.model.jobs import Conform
from mcsyncd.model.rate import Rate
from mcsyncd.probe.probe import probe_clip
from mcsyncd.settings.load import find_shipped_profiles
from mcsyncd.settings.profiles import load_profile
from mcsyncd.settings.stores import LocalStorage
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.workers import cluster_executor, machine_survey
from mcsyncd.workers.cluster_executor import ClusterExecutor
from mcsyncd.workers.engine import open_segment_executor
from mcsyncd.workers.handout import HandoutTerms
from mcsyncd.workers.machine_survey import survey_cluster
from mcsyncd.workers.perform import perform_job
from mcsyncd.workers.quarantine import read_quarantine
from node_tasks import NodeFolder, NodeTask, die, raise_bad_media, wait_and_write, write_segment
from nodes import CAN_MAKE_NAMESPACES, TESTS, Nodes, wait_until, write_identity

pytestmark = [
    pytest.mark.skipif(
        not CAN_MAKE_NAMESPACES, reason="making network namespaces needs root and Debian's iproute2"
    ),
    # Of a connection that a killed scheduler refuses: Tornado leaves its socket to be collected.
    pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning"),
]
IMPATIENT = HandoutTerms(patience_s=10.0, late_factor=1.0, late_floor_s=1.5, first_limit_s=1.5)
PATIENT = HandoutTerms(patience_s=60.0)
LIMIT_S = 60.0
NO_LIMIT = 1 << 60
"""Bytes that no test writes."""
OTHER_VERSIONS = """
import av, mcsyncd, platform
mcsyncd.__version__, av.__version__, platform.machine = "0.0.1", "17.0.0", lambda: "riscv64"
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    home = tmp_path_factory.mktemp("cluster")
    with Nodes(home / "nodes", home / "work") as made:
        made.start_scheduler()
        yield made


@pytest.fixture(autouse=True)
def calls_found_here(monkeypatch):
    """An encoder of this machine is a process of its own, too, and imports the calls."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


@pytest.fixture
def nodes(running):
    """The cluster with both machines accepted, whatever the test before has done to it."""
    for path in (running.work / "cluster" / "quarantine").glob("*"):
        path.unlink()
    if running.scheduler is None:
        running.start_scheduler()
    for name, node in running.nodes.items():
        if node.worker is None or node.worker.poll() is not None:
            running.start_worker(name)
    wait_until(lambda: accepted(running) == {"a", "b"}, "both machines are accepted")
    return running


def accepted(nodes) -> set[str]:
    return {one.name for one in survey_cluster(nodes.engine).machines if one.is_accepted}


def objections(nodes) -> dict[str, str]:
    return {one.name: one.objection for one in survey_cluster(nodes.engine).machines}


@contextmanager
def executor(nodes, terms=PATIENT, max_bytes=NO_LIMIT):
    made = ClusterExecutor(nodes.engine, "cam_a/A001.MOV", max_bytes, terms)
    try:
        yield made
    finally:
        made.shutdown(cancel_futures=True)


@pytest.fixture
def tasks(tmp_path):
    return [NodeTask(number, NodeFolder(tmp_path / "segments"), tmp_path / "journal") for number in range(4)]


def calls(tasks) -> list[tuple[int, str, int]]:
    """Who has been called so far: number, node and process."""
    found = [path.name.split("-") for path in tasks[0].journal.glob("*-*-*")]
    return sorted((int(number), node, int(pid)) for number, node, pid in found)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def list_attempts(folder: Path) -> list[Path]:
    return list(folder.parent.glob(f"{folder.name}.attempt-*"))


def assert_complete(tasks, results) -> None:
    assert sorted(one.number for one in results) == [one.number for one in tasks]
    folder = tasks[0].folder.path
    for result in results:
        assert [Path(file.path).parent for file in result.files] == [folder, folder]
        assert all(verify_digest(Path(file.path), file.sha256, file.bytes) for file in result.files)
    wait_until(lambda: not list_attempts(folder), "the folders of attempts are removed", 5)
    assert len(list(folder.iterdir())) == 2 * len(tasks)


def test_segments_are_encoded_on_both_machines_and_lie_in_their_folder(nodes, tasks):
    with open_segment_executor(nodes.engine, "cam_a/A001.MOV", NO_LIMIT) as handing:
        results = [
            one.result(LIMIT_S) for one in as_completed(handing.submit(write_segment, one) for one in tasks)
        ]
    assert_complete(tasks, results)
    assert {one.node for one in results} == {"a", "b"}
    assert len(calls(tasks)) == len(tasks)


def test_what_a_killed_job_left_is_removed_and_nothing_new_with_it(nodes, tasks, monkeypatch):
    """The folder of a second attempt was removed with the old ones, if that took a moment."""
    remove = cluster_executor._remove_attempts
    monkeypatch.setattr(cluster_executor, "_remove_attempts", lambda path: time.sleep(1.0) or remove(path))
    old = tasks[0].folder.path.with_name("segments.attempt-0123456789ab")
    old.mkdir(parents=True)
    (old / "00001.mezz.mp4.part").touch()
    slow = [replace(one, wait_s=2.0) for one in tasks[:2]]
    with executor(nodes) as handing:
        results = [one.result(LIMIT_S) for one in [handing.submit(wait_and_write, one) for one in slow]]
        assert not old.exists()
    assert_complete(slow, results)
    assert len(calls(tasks)) == 2, "no attempt was in vain"


def test_no_attempt_is_made_where_its_job_may_write(nodes, tasks):
    """A job that was taken over could put a link there, and have an encoder write wherever it leads."""
    slow = replace(tasks[0], slow_on="ab")
    with executor(nodes) as handing:
        future = handing.submit(write_segment, slow)
        wait_until(lambda: calls(tasks), "a machine works")
        assert list_attempts(slow.folder.path)
        assert not slow.folder.path.exists()
        (slow.journal / "go").touch()
        assert_complete([slow], [future.result(LIMIT_S)])


def test_a_machine_that_is_lost_costs_its_segment_nothing_but_time(nodes, tasks):
    stuck = [replace(one, slow_on="a") for one in tasks[:2]]
    with executor(nodes) as handing:
        futures = [handing.submit(write_segment, one) for one in stuck]
        wait_until(lambda: "a" in {node for _, node, _ in calls(tasks)}, "a works")
        (survey,) = [one for one in survey_cluster(nodes.engine).machines if one.name == "a"]
        assert survey.running == ("cam_a/A001.MOV",)
        (pid,) = [pid for _, node, pid in calls(tasks) if node == "a"]
        nodes.kill_worker("a")
        assert_complete(stuck, [one.result(LIMIT_S) for one in futures])
    wait_until(lambda: is_gone(pid), "no encoder outlives its worker")


def test_a_machine_that_returns_a_false_result_is_in_quarantine(nodes, tasks):
    false = [replace(one, false_on="b") for one in tasks]
    with executor(nodes) as handing:
        results = [one.result(LIMIT_S) for one in [handing.submit(write_segment, one) for one in false]]
    assert_complete(tasks, results)
    assert {one.node for one in results} == {"a"}
    assert len([node for _, node, _ in calls(tasks) if node == "b"]) == 1, "once is enough"
    assert "is not what the machine says" in objections(nodes)["b"]
    assert objections(nodes)["a"] == ""
    (entry,) = read_quarantine(nodes.engine.folder).values()
    entry.path.unlink()
    assert accepted(nodes) == {"a", "b"}, "an operator takes it back"


def test_a_slow_machine_holds_nothing_up_and_its_encoder_is_stopped(nodes, tasks):
    slow = [replace(one, slow_on="a") for one in tasks]
    with executor(nodes, IMPATIENT) as handing:
        results = [one.result(LIMIT_S) for one in [handing.submit(write_segment, one) for one in slow]]
        assert_complete(tasks, results)
        pids = [pid for _, node, pid in calls(tasks) if node == "a"]
        assert pids
        wait_until(lambda: all(is_gone(pid) for pid in pids), "what comes too late is stopped")
    assert "a" not in {one.node for one in results}


def test_segments_wait_for_a_scheduler_that_starts_again(nodes, tasks):
    stuck = [replace(one, slow_on="ab") for one in tasks[:2]]
    with executor(nodes) as handing:
        futures = [handing.submit(write_segment, one) for one in stuck]
        wait_until(lambda: len(calls(tasks)) == 2, "both machines work")
        pids = [pid for *_, pid in calls(tasks)]
        nodes.kill_scheduler()
        wait_until(lambda: all(is_gone(pid) for pid in pids), "without a scheduler nobody encodes")
        assert "no scheduler answers" in survey_cluster(nodes.engine).fault
        assert not any(one.done() for one in futures)
        nodes.start_scheduler()
        for name, node in nodes.nodes.items():
            node.worker.wait(LIMIT_S)  # it ends with its scheduler; systemd starts it again
            nodes.start_worker(name)
        (tasks[0].journal / "go").touch()
        assert_complete(stuck, [one.result(LIMIT_S) for one in futures])
    assert {node for _, node, _ in calls(tasks)} == {"a", "b"}, "this machine waited"


def test_when_the_scheduler_stays_away_this_machine_encodes(nodes, tasks):
    stuck = [replace(one, slow_on="ab") for one in tasks]
    with executor(nodes, replace(PATIENT, patience_s=10.0)) as handing:
        futures = [handing.submit(write_segment, one) for one in stuck]
        wait_until(lambda: {"a", "b"} == {node for _, node, _ in calls(tasks)}, "both machines work")
        nodes.kill_scheduler()
        results = [one.result(LIMIT_S) for one in futures]
        assert_complete(tasks, results)
    assert {one.node for one in results} == {"here"}


def test_a_machine_that_hangs_holds_up_nobody(nodes, tasks, monkeypatch):
    """Its connection stands, but nothing comes of it: a probe of it takes as long as it may."""
    monkeypatch.setattr(machine_survey, "_PROBE_LIMIT_S", 10 * LIMIT_S)
    os.kill(nodes.nodes["b"].worker.pid, signal.SIGSTOP)
    with executor(nodes) as handing:
        results = [one.result(LIMIT_S) for one in [handing.submit(write_segment, one) for one in tasks[:2]]]
    assert {one.node for one in results} == {"a"}
    monkeypatch.setattr(machine_survey, "_PROBE_LIMIT_S", 1.0)
    assert "did not answer a probe" in objections(nodes)["b"]
    nodes.kill_worker("b")


def test_an_encoder_that_crashes_everywhere_does_not_take_a_worker_with_it(nodes, tasks):
    workers = [node.worker.pid for node in nodes.nodes.values()]
    with executor(nodes) as handing:
        assert handing.submit(die, tasks[0]).result(LIMIT_S).node == "here"
    assert sorted(node for _, node, _ in calls(tasks)) == ["a", "b", "here"]
    assert [node.worker.pid for node in nodes.nodes.values() if node.worker.poll() is None] == workers


def test_an_error_of_the_segment_is_the_callers(nodes, tasks):
    with executor(nodes) as handing, pytest.raises(BadMedia, match=r"0\.mov: broken") as caught:
        handing.submit(raise_bad_media, tasks[0]).result(LIMIT_S)
    assert caught.value.hint == "record it again"


def test_a_clip_is_the_same_whichever_machines_encode_it(nodes, tmp_path, monkeypatch):
    """Two and a half segments, on both machines: byte for byte what this process makes alone."""
    layout = WorkLayout(tmp_path / "drop", tmp_path / "work", LocalStorage(kind="local", path=tmp_path / "b"))
    (layout.work / "progress").mkdir(parents=True)
    path = film(layout.work / "clip.mov", Shot(steady(30, 25), (0, 25)))
    seen = path.stat()
    clip = Clip("cam_a", "clip.mov", seen.st_size, seen.st_mtime_ns, "clip.mov", media=probe_clip(path))
    refs = [load_profile(find_shipped_profiles(), one).build_ref(one) for one in ("mezz-h264", "proxy-540p")]
    curve = (DriftKnot(0, 0), DriftKnot(12_000_000, 1_500), DriftKnot(25_000_000, 700))
    job = Conform("20261123-091502-k7q", clip, Rate(30), 9_000, 21.5, *refs, curve)
    alone = perform_job(job, layout, NO_LIMIT)
    shutil.rmtree(layout.locate_session(job.session))
    adopt, noted = cluster_executor.adopt_result, tmp_path / "adopted"
    noted.mkdir()

    def note_and_adopt(made, *where):  # in the process that hands out
        (noted / str(made.number)).touch()
        return adopt(made, *where)

    monkeypatch.setattr(cluster_executor, "adopt_result", note_and_adopt)
    monkeypatch.setattr(cluster_executor.ClusterExecutor, "_encode_here", None)
    together = perform_job(job, layout, NO_LIMIT, nodes.engine)
    assert len(list(noted.iterdir())) >= 2
    assert together == alone
    for file in together.files:
        assert verify_digest(layout.resolve_path(file.path), file.sha256, file.bytes)


def test_no_machine_writes_more_than_the_limit(nodes, tasks):
    """Nor does this one, which tries it last."""
    with executor(nodes, max_bytes=8_000) as handing, pytest.raises(OSError, match="File too large"):
        handing.submit(write_segment, tasks[0]).result(LIMIT_S)
    assert sorted(node for _, node, _ in calls(tasks)) == ["a", "b", "here"]


def hand_out_and_wait(engine, task):
    with open_segment_executor(engine, "cam_a/A001.MOV", NO_LIMIT) as handing:
        handing.submit(write_segment, task).result()


@pytest.mark.parametrize("end", ["shutdown", "kill"])
def test_a_job_that_is_stopped_is_stopped_on_the_cluster(nodes, tasks, end):
    stuck = replace(tasks[0], slow_on="a")
    nodes.kill_worker("b")
    if end == "shutdown":
        handing = ClusterExecutor(nodes.engine, "cam_a/A001.MOV", NO_LIMIT, PATIENT)
        future = handing.submit(write_segment, stuck)
    else:
        job = multiprocessing.get_context("spawn").Process(
            target=hand_out_and_wait, args=(nodes.engine, stuck)
        )
        job.start()
    wait_until(lambda: calls(tasks), "a works")
    ((_, node, pid),) = calls(tasks)
    if end == "shutdown":
        handing.shutdown(cancel_futures=True)
        assert future.cancelled() or future.exception() is not None
    else:
        os.kill(job.pid, signal.SIGKILL)
        job.join(LIMIT_S)
    wait_until(lambda: is_gone(pid), "its encoder is killed")
    (machine,) = survey_cluster(nodes.engine).machines
    assert (machine.name, machine.running) == ("a", ()), "the scheduler has forgotten it"
    assert node == "a"


@pytest.mark.parametrize(
    ("before", "preload", "reasons"),
    [
        ("mount -t tmpfs none {work}", "", ["does not share the work folder", "No such file"]),
        ("mount --bind {work} {work} && mount -o remount,ro,bind {work}", "", ["Read-only file system"]),
        (
            "",
            OTHER_VERSIONS,
            ["mcsyncd 0.0.1 instead of", "pyav 17.0.0 instead of", "architecture riscv64 instead of"],
        ),
        ("", "import sys; sys.modules['mcsyncd.workers'] = None", ["cannot run mcsyncd"]),
    ],
    ids=["not shared", "read-only", "versions", "not installed"],
)
def test_a_machine_that_cannot_do_our_work_gets_none(running, tasks, before, preload, reasons):
    running.kill_worker("b")
    (running.folder / "other.py").write_text(preload)
    running.start_worker(
        "b", f"--preload={running.folder / 'other.py'}", before=before.format(work=running.work)
    )
    wait_until(lambda: {"a", "b"} <= objections(running).keys(), "both have registered")
    with executor(running) as handing:
        results = [one.result(LIMIT_S) for one in [handing.submit(write_segment, one) for one in tasks[:2]]]
    assert {one.node for one in results} == {"a"}
    objection = objections(running)["b"]
    assert all(reason in objection for reason in reasons), objection
    running.kill_worker("b")


def test_whom_the_authority_does_not_know_gets_in_nowhere(running, tmp_path):
    write_identity(tmp_path)
    pem = [tmp_path / f"{name}.pem" for name in ("ca", "cert", "key")]
    stranger = replace(running.engine, tls_cert=pem[1], tls_key=pem[2])
    assert "no scheduler answers" in survey_cluster(stranger).fault
    deceived = replace(running.engine, tls_ca=pem[0])
    assert "certificate verify failed" in survey_cluster(deceived).fault
    missing = replace(running.engine, tls_key=tmp_path / "none.pem")
    assert "none.pem" in survey_cluster(missing).fault
    assert survey_cluster(running.engine).fault == "", "the daemon itself is known"

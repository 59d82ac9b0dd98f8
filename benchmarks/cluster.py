"""Cluster: the forecast for a session on 1 to 64 slots, and its bound of the slots against a real cluster.

The check needs root: it makes network namespaces. Its segments wait instead of encoding, so that a busy
machine measures the handing out and not itself.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import Executor
from pathlib import Path

from benchmarks.cluster_model import SegmentCosts, forecast_session
from benchmarks.footage_files import HD, film_clip
from benchmarks.segment_job import conform_whole_clip, open_processes
from mcsyncd.conform.segments import SEGMENT_S
from mcsyncd.workers.engine import ClusterEngine, open_segment_executor
from mcsyncd.workers.machine_survey import survey_cluster
from node_tasks import NodeFolder, NodeTask, wait_and_write
from nodes import CAN_MAKE_NAMESPACES, Nodes, wait_until

_MBIT = 1_000_000 / 8
_SEGMENT_S = float(SEGMENT_S)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the short form."""
    parser.add_argument("--slots", type=int, nargs="+", default=(1, 4, 16, 64))
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--cpu-ms-per-frame", type=float, default=71.6, help="of a whole clip job")
    parser.add_argument("--cores-per-slot", type=float, default=2.0)
    parser.add_argument(
        "--share-mbit", type=float, default=940.0, help="of the file server (1 Gbit/s Ethernet)"
    )
    parser.add_argument("--segments", type=int, default=6, help="of the check; 0 leaves it out")
    parser.add_argument("--wait", type=float, default=2.0, help="seconds of a segment of the check")
    parser.add_argument("--encode", type=float, default=12.0, help="seconds of a real clip; 0 leaves it out")
    parser.add_argument("--rounds", type=int, default=1, help="of the real clip")


def run(asked: argparse.Namespace) -> None:
    """Print the forecast, then measure."""
    costs = _build_costs(asked)
    print(f"{asked.clips} clips of {asked.minutes:g} min, {costs.encode_s:.0f} s a segment on a slot")
    print("slots  analysis s  encode s  stitch s  total s  bound by")
    for slots in asked.slots:
        found = forecast_session(costs, clips=asked.clips, clip_s=asked.minutes * 60, slots=slots)
        parts = (
            f"{found.analysis_s:10.0f}  {found.encode_s:8.0f}  {found.stitch_s:8.0f}  {found.total_s:7.0f}"
        )
        print(f"{slots:5}  {parts}  {found.bound_by}")
    if asked.segments and CAN_MAKE_NAMESPACES:
        _check_handing_out(asked.segments, asked.wait)
    if asked.encode and CAN_MAKE_NAMESPACES:
        _compare_with_processes(asked.encode, asked.rounds)


def _build_costs(asked: argparse.Namespace) -> SegmentCosts:
    """Costs of 1080p30 at 28 Mbit/s, by docs/performance.md; segments as the product's."""
    return SegmentCosts(
        segment_s=_SEGMENT_S,
        encode_s=asked.cpu_ms_per_frame / 1000 * 30 * _SEGMENT_S / asked.cores_per_slot,
        hand_over_s=1.0,  # half of it the codecs that each encoder loads
        read_bytes=28 * _MBIT * _SEGMENT_S,
        written_bytes=(32 + 3) * _MBIT * _SEGMENT_S,
        share_bytes_s=asked.share_mbit * _MBIT,
        check_bytes_s=900e6,
        analysis_s=20.0,
        stitch_bytes_s=200e6,
    )


def _check_handing_out(segments: int, wait_s: float) -> None:
    print(f"\nhanding out {segments} segments of {wait_s:g} s: slots, forecast s, measured s")
    with tempfile.TemporaryDirectory(prefix="mcsyncd-bench-") as name:
        home = Path(name)
        with Nodes(home / "nodes", home / "work") as nodes:
            nodes.start_scheduler()
            for count, machine in enumerate("ab", 1):
                nodes.start_worker(machine)
                wait_until(
                    lambda count=count: _count_machines(nodes.engine) == count, "the machine is accepted"
                )
                measured_s = _measure_handing_out(nodes.engine, home / f"on-{count}", segments, wait_s)
                rounds = -(-segments // count)
                print(f"{count}  {rounds * (wait_s + 0.5):.1f}  {measured_s:.1f}")


def _compare_with_processes(seconds: float, rounds: int) -> None:
    """Encode a clip on two machines with a slot each, and in two processes, on the same cores, in turn."""
    print(f"\n{seconds:g} s of 1080p30: two processes s, two machines s, ratio (goal 1.10)")
    with tempfile.TemporaryDirectory(prefix="mcsyncd-bench-") as name:
        home = Path(name)
        clip = film_clip(home / "clip.mp4", HD, seconds)
        with Nodes(home / "nodes", home / "work") as nodes:
            nodes.start_scheduler()
            for machine in "ab":
                nodes.start_worker(machine)
            wait_until(lambda: _count_machines(nodes.engine) == 2, "both machines are accepted")
            for number in range(rounds):
                with open_processes(2) as executor:
                    alone_s = _measure_clip(clip, home / f"processes-{number}", executor)
                with open_segment_executor(nodes.engine, "benchmark", 1 << 60) as handout:
                    assert handout is not None
                    spread_s = _measure_clip(clip, home / f"machines-{number}", handout)
                print(f"{alone_s:.1f}  {spread_s:.1f}  {spread_s / alone_s:.2f}")


def _measure_clip(clip: Path, folder: Path, executor: Executor) -> float:
    began_s = time.monotonic()
    conform_whole_clip(clip, folder, executor)
    return time.monotonic() - began_s


def _count_machines(engine: ClusterEngine) -> int:
    return sum(one.is_accepted for one in survey_cluster(engine).machines)


def _measure_handing_out(engine: ClusterEngine, home: Path, segments: int, wait_s: float) -> float:
    folder = NodeFolder(home / "segments")
    tasks = [NodeTask(number, folder, home / "journal", wait_s) for number in range(segments)]
    with open_segment_executor(engine, "benchmark", 1 << 60) as executor:
        assert executor is not None
        executor.submit(wait_and_write, NodeTask(segments, folder, home / "journal")).result()
        began_s = time.monotonic()
        for one in [executor.submit(wait_and_write, task) for task in tasks]:
            one.result()
        return time.monotonic() - began_s

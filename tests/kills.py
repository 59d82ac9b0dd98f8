"""One session from drop to manifest, whose daemons are killed (SIGKILL) at system calls or instants.

Whatever was killed on the way, the same must be published as without a kill, from originals that were
whole at any moment: nothing lost, doubled, cut or left over.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import select
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from line import Line
from mcsyncd.api import ApproveRequest
from mcsyncd.errors import Conflict, McsyncError
from mcsyncd.integrity.mhl_reader import parse_chain
from mcsyncd.publish.identity import IDENTITY_KEY
from mcsyncd.publish.keys import parse_snapshot_key
from mcsyncd.workers.hash_history import CHAIN_NAME
from nursery import Kill, Nursery
from power_cut import Outcome, judge_result, read_log

PATIENCE_S = 120.0
"""Seconds that a short session may take at most, on a machine that does other things, too."""
_ONCE = ("session_sealed", "clips_offloaded", "session_aligned", "session_approved", "session_published")
"""Kinds of events that a session of one answer has exactly once."""
_SAMPLE_RATE = 48_000
_POLL_S = 0.15
"""Seconds between two looks at the daemon."""
_TWO_STORES = "[{kind: local, path: var/bucket}, {kind: local, name: nas, path: var/nas}]"
_ENDED = {"published", "failed", "stale", "quarantined"}


@dataclass
class Life:
    """One session from drop to manifest, through as many daemons as it takes."""

    nursery: Nursery
    line: Line
    originals: dict[str, Path]
    pid: int = 0
    ended: int = -1
    """Becomes readable when the daemon ends."""
    seen: str = ""
    killed_at: list[str] = field(default_factory=list)
    approved: bool = False
    read: list[str] = field(default_factory=list)
    """The hashes of the events that a client has read, in order."""
    faults: list[str] = field(default_factory=list)
    outcome: Outcome | None = None
    has_copy: bool = False
    """Whether it is over only once a further store has all of it, read back."""

    @classmethod
    def begin(
        cls, nursery: Nursery, home: Path, originals: dict[str, Path], *, has_copy: bool = False
    ) -> Life:
        """Copy the clips into the drop folders of a new home, where no daemon runs yet.

        With `has_copy`, there is a further store.
        """
        shutil.rmtree(home, ignore_errors=True)
        line = Line(home, {"storage": _TWO_STORES} if has_copy else {})
        line.config.write_text(
            line.config.read_text().replace("settle: 500ms, quiet: 1s", "settle: 100ms, quiet: 100ms")
        )
        line.prepare_store()
        for camera, file in originals.items():
            (line.drop / camera).mkdir(parents=True)
            shutil.copy(file, line.drop / camera)
        return cls(nursery, line, originals, has_copy=has_copy)

    def add_store(self) -> None:
        """Name a further store in the settings, while no daemon runs."""
        before, self.has_copy = self.line.config.read_text(), True
        named = re.sub("^storage: .*", f"storage: {_TWO_STORES}", before, flags=re.MULTILINE)
        self.line.config.write_text(named)
        self.line.prepare_store()

    def start(self, kill: Kill) -> None:
        """Start the next daemon."""
        self.pid = self.nursery.start(self.line.home, kill)
        self.ended, self.seen = os.pidfd_open(self.pid), ""

    def go_on(self, kill: Kill) -> bool:
        """Start a daemon and kill it as planned; return whether the session was over before that."""
        self.start(kill)
        end = self.follow(kill.after_s or PATIENCE_S)
        if end == "time" and kill.after_s is None:
            self.faults.append(f"stuck: {self.line.log[-1000:]}")
        if end == "time":
            os.kill(self.pid, signal.SIGKILL)  # it may just have died: the nursery has not taken it away
            self.follow()
        return end == "over"

    def follow(self, seconds: float = PATIENCE_S) -> str:
        """Do what a supervisor does, until the session is over, the daemon is dead, or time is up.

        Returns which of them: `over`, `dead` or `time`.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.ended], [], [], min(left, _POLL_S))[0]:
                return self._note_death()
            with suppress(McsyncError):
                if self._look() in _ENDED:
                    return "over"
        return "time"

    def _look(self) -> str:
        """Look at the session as a client does, and return its state."""
        sessions = self.line.sessions()
        if not sessions:
            return ""
        if sessions[0]["state"] != self.seen:
            self._read_events()
        self.seen = sessions[0]["state"]
        if self.seen == "in_review":
            self._approve(sessions[0])
        if self.seen == "published" and self.has_copy and not _is_copied(sessions[0]):
            return "copying"
        return self.seen

    def _note_death(self) -> str:
        os.close(self.ended)
        self.killed_at.append(self.nursery.shim.killed.decode() or "an instant")
        self.nursery.wait_for_workers()
        self.faults += self._find_lost_originals()
        return "dead"

    def _read_events(self) -> None:
        """Read the log from the start: what was read before must still be there."""
        present = [entry["hash"] for entry in read_log(self.line)]
        if present[: len(self.read)] != self.read:
            self.faults.append("an event that a client had read is lost")
        self.read = present

    def _approve(self, session: dict) -> None:
        if self.approved:
            self.faults.append("an approval that was acknowledged is lost")
        name, revision = session["id"], session["revision"]
        with suppress(Conflict):  # it has moved on in this moment
            self.line.call(lambda client: client.send_decision(name, ApproveRequest(), revision))
            self.approved = True

    def judge(self) -> Outcome:
        """Judge the published session and stop the daemon."""
        outcome = judge_result(self.line)
        os.kill(self.pid, signal.SIGTERM)
        select.select([self.ended], [], [])
        os.close(self.ended)
        faults = (*self.faults, *outcome.faults, *self._find_leftovers(), *self._find_repeats())
        return Outcome(outcome.objects, faults)

    def _find_places(self, file: Path, camera: str) -> list[Path]:
        return [
            place
            for root in (self.line.drop / camera, self.line.work / "sessions")
            for place in (root.rglob(file.name) if root.is_dir() else ())
        ]

    def _find_lost_originals(self) -> list[str]:
        """Return what is wrong with the originals in this moment: each must be there, whole."""
        faults = []
        for camera, file in self.originals.items():
            places = self._find_places(file, camera)
            if hash_file(file) not in map(hash_file, places):
                faults.append(f"{camera}: the original is {'cut' if places else 'lost'}")
        return faults

    def _find_leftovers(self) -> list[str]:
        """Return what is there twice, or should not be there when all is done."""
        faults = self._find_lost_originals()
        for camera, file in self.originals.items():
            if len(places := self._find_places(file, camera)) != 1:
                faults.append(f"{camera}: the original is in {len(places)} places")
        home = self.line.home
        parts = [
            str(path.relative_to(home))
            for path in home.rglob("*")
            if ".part" in path.name and path.parent.name != "backups"  # that goes with the next copy
        ]
        parts += map(str, _find_unlisted_generations(home))
        faults += [f"left behind: {part}" for part in parts]
        stores = (home / "var" / name for name in ("bucket", "nas"))
        return faults + [fault for store in stores if store.exists() for fault in _find_store_faults(store)]

    def _find_repeats(self) -> list[str]:
        kinds = [kind for kind, _ in _read_ledger(self.line.home)]
        faults = [f"{kind}: {kinds.count(kind)} times" for kind in _ONCE if kinds.count(kind) != 1]
        jobs = [body["job"] for kind, body in _read_ledger(self.line.home) if kind == "clip_conformed"]
        if len(jobs) != len(set(jobs)) or len(jobs) != len(self.originals):
            faults.append(f"clip_conformed: {len(jobs)} times")
        return faults


def _find_unlisted_generations(home: Path) -> Iterator[Path]:
    """Yield the files of hash histories that their chain does not name."""
    for chain in home.rglob(CHAIN_NAME):
        listed = {one.file for one in parse_chain(chain.read_bytes())}
        yield from (path for path in chain.parent.iterdir() if path.name not in {*listed, CHAIN_NAME})


def _is_copied(session: dict) -> bool:
    further = session["copies"][1:]
    return bool(further) and all(one["state"] == "safe" for one in further)


def film_clips(
    folder: Path, *, seconds: int = 8, size: tuple[int, int] = (64, 48), seed: int = 3
) -> dict[str, Path]:
    """Film with three cameras: tiny pictures, and noise whose loudness changes; each seed has its own."""
    chance = np.random.default_rng(seed)
    loudness = np.repeat(chance.uniform(0.02, 0.6, (seconds + 2) * 10), _SAMPLE_RATE // 10)
    heard = (chance.standard_normal(len(loudness)) * loudness * 6000).astype(np.int16)
    files = {}
    for camera, start_s in (("cam_a", 0.5), ("cam_b", 0.0), ("cam_c", 1.25)):
        files[camera] = folder / f"{camera}.mov"
        start = round(start_s * _SAMPLE_RATE)
        _film_clip(files[camera], heard[start : start + seconds * _SAMPLE_RATE], size)
    return files


def _film_clip(path: Path, sound: np.ndarray, size: tuple[int, int]) -> None:
    width, height = size
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=_SAMPLE_RATE, layout="mono")
        for number in range(10 * len(sound) // _SAMPLE_RATE):
            picture = np.full((height, width, 3), 3 * number, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        heard = av.AudioFrame.from_ndarray(sound[None, :], format="s16", layout="mono")
        heard.sample_rate = _SAMPLE_RATE
        container.mux(audio.encode(heard))
        container.mux([*video.encode(None), *audio.encode(None)])


def hash_file(path: Path) -> str:
    """Return a file's sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_ledger(home: Path) -> list[tuple[str, dict]]:
    import sqlite3  # noqa: PLC0415

    with closing(sqlite3.connect(home / "var" / "state" / "ledger.db")) as db:
        return [
            (kind, json.loads(body)) for kind, body in db.execute("SELECT kind, body FROM event ORDER BY seq")
        ]


def _find_store_faults(bucket: Path) -> list[str]:
    """Return what the store has too much or lacks, by its one manifest; snapshots are the ledger's."""
    heads = [json.loads(path.read_bytes()) for path in (bucket / "head").rglob("*.json")]
    if len(heads) != 1:
        return [f"{len(heads)} sessions have a manifest"]
    manifest = bucket / heads[0]["manifest_key"]
    if hash_file(manifest) != heads[0]["manifest_sha256"]:
        return ["the manifest is not the one that its pointer names"]
    named = {item["key"]: item["sha256"] for item in _list_objects(json.loads(manifest.read_bytes()))}
    files = (path for path in (bucket / "v1").rglob("*") if path.is_file())
    keys = {str(path.relative_to(bucket)): path for path in files}
    stored = {key: path for key, path in keys.items() if parse_snapshot_key(key) is None}
    del stored[IDENTITY_KEY]
    del stored[heads[0]["manifest_key"]]
    faults = [f"{key}: stored, but not in the manifest" for key in stored.keys() - named.keys()]
    return faults + [
        f"{key}: not stored as the manifest says"
        for key, sha256 in named.items()
        if key not in stored or hash_file(stored[key]) != sha256
    ]


def _list_objects(document: object) -> Iterator[dict]:
    if isinstance(document, dict):
        if {"key", "sha256"} <= document.keys():
            yield document
        document = list(document.values())
    for item in document if isinstance(document, list) else ():
        yield from _list_objects(item)


def run_session(
    nursery: Nursery,
    home: Path,
    originals: dict[str, Path],
    kills: Iterable[Kill],
    *,
    has_copy: bool = False,
) -> Life:
    """Take one session to its end while its daemons are killed in turn; its outcome says what came of it.

    After the last kill, a daemon that nobody kills finishes it. With `has_copy`, it ends with a copy of
    everything in a further store.
    """
    life = Life.begin(nursery, home, originals, has_copy=has_copy)
    over = any(life.go_on(kill) for kill in kills) or life.go_on(Kill())
    if nursery.shim.only_workers and nursery.shim.killed:
        life.killed_at.append(nursery.shim.killed.decode())
    dead = (*life.faults, "a daemon died by itself", life.line.log[-1000:])
    life.outcome = life.judge() if over else Outcome((), dead)
    return life

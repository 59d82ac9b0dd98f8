"""A drop folder with one camera, whose cards come with lists."""

from __future__ import annotations

from mcsyncd.ingest.hash_lists import apply_hash_lists, collect_demands, list_due_hashes
from mcsyncd.ingest.list_reader import ListReader
from mcsyncd.ingest.listed_files import hash_drop_file
from mcsyncd.ingest.observe import observe_drop_folders
from mcsyncd.ingest.pairing import list_complete_files, list_held_files
from mcsyncd.ingest.settle import SettleState

NEVER_S = 3600.0
"""Seconds of quiet that no test waits for: what settles is proven."""


class ListedDrop:
    """The folder, scanned as the daemon does it, on a clock of its own."""

    def __init__(self, folder):
        self.root = folder / "drop"
        self.camera = self.root / "cam_a"
        self.camera.mkdir(parents=True)
        self.reader, self.timed, self.state = ListReader(), SettleState(), SettleState()
        self.now, self.hashed, self.read_bytes = 0.0, {}, 0

    def write(self, name, content):
        path = self.camera / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def scan(self, *, settle_s=NEVER_S, times=3):
        for _ in range(times):
            self.now += 1.0
            _, self.timed = observe_drop_folders(
                self.root,
                ["cam_a"],
                self.timed,
                settle_s=settle_s,
                settle_network_s=settle_s,
                clock=lambda: self.now,
            )
            lists = self.reader.read_lists(self.root, self.timed)
            demands = collect_demands(self.timed.files, lists)
            for file, algorithms in list_due_hashes(self.timed, demands, self.hashed):
                if (found := hash_drop_file(self.root, file, algorithms)) is not None:
                    self.hashed[file.key] = found
                    self.read_bytes += file.size
            self.state = apply_hash_lists(self.timed, lists, demands, self.hashed)
        return self

    @property
    def settled(self):
        return {file.name: file for file in list_complete_files(self.state)}

    @property
    def held(self):
        return {file.name: file.reason for file in list_held_files(self.state)}

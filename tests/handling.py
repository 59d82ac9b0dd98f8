"""People at work on a real daemon: a seed says who copies, moves, decides, kills and spoils, in which order.

The simulation plays the rules; this plays what lies around them: the drop folders, the files that are taken
in and given back, the commands, the store and the starts. The instants are the machine's own, so a seed gives
the same people, not the same trial. Then the chaos stops, and everything must come to rest: every original
in its place, and nothing wrong under *Looks Good*.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import av
from handling_commands import SETTINGS, list_decisions, list_looks

from handling_end import Supervisor, find_faults
from kills import film_clips, hash_file
from line import Line

CAMERAS = ("cam_a", "cam_b", "cam_c")
_PAUSES_S = (0.0, 0.05, 0.3, 1.0)
"""Seconds between two steps: shorter and longer than a file takes to settle."""
_EXIT_CODES = {0, 1, 2, 4, 5, 6}
"""What a command may end with while the daemon runs (README)."""
_NEVER_IN_THE_LOG = ("Traceback", "fault of the daemon", "internal error", "Error in ")


@dataclass(frozen=True)
class Take:
    """A clip as a camera recorded it."""

    shoot: int
    camera: str
    file: Path
    sha256: str


@dataclass(frozen=True)
class Copy:
    """A copy that was interrupted after some bytes."""

    path: Path
    take: Take
    bytes: int


def film_takes(folder: Path, shoots: int) -> tuple[Take, ...]:
    """Film some shoots of three cameras, each with a sound of its own; every other one with a recorder."""
    takes = []
    for number in range(shoots):
        (where := folder / f"shoot{number}").mkdir(parents=True)
        for camera, file in film_clips(where, seed=100 + number).items():
            made = _copy_sound(file) if camera == "cam_c" and number % 2 else file
            takes.append(Take(number, camera, made, hash_file(made)))
    return tuple(takes)


def _copy_sound(clip: Path) -> Path:
    """Write a clip's sound as a recorder does."""
    target = clip.with_suffix(".wav")
    with av.open(str(clip)) as source, av.open(str(target), "w") as recorder:
        track = recorder.add_stream("pcm_s16le", rate=48_000, layout="mono")
        for frame in source.decode(audio=0):
            frame.pts = None
            recorder.mux(track.encode(frame))
        recorder.mux(track.encode(None))
    return target


@dataclass
class Handling:
    """One trial: a daemon in a home of its own, and what people did to it."""

    home: Path
    takes: tuple[Take, ...]
    seed: int
    done: list[str] = field(default_factory=list)
    """What was done, in order, for whoever reads of a fault."""
    owed: dict[str, Path] = field(default_factory=dict)
    """Where people copied each content to, by hash: none of them may get lost."""
    spoiled: set[str] = field(default_factory=set)
    """Hashes of originals that people wrote to or deleted: nobody can give them back."""
    spoiled_files: set[Path] = field(default_factory=set)
    """These originals, and what was made from others and is deleted."""
    nudged: set[str] = field(default_factory=set)
    """Sessions in which a person set an offset: what they say is theirs."""

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self.line = Line(self.home, forked=True, backoff_s=0.3)
        self._configure()
        self._copies: list[Copy] = []
        self._faults: list[str] = []
        self._steps = [step for step, weight in self._weigh_steps().items() for _ in range(weight)]

    def _configure(self) -> None:
        """Write other settings, for the next start."""
        self.line.configure(**{name: self._chance.choice(values) for name, values in SETTINGS.items()})
        text = self.line.config.read_text().replace("settle: 500ms, quiet: 1s", "settle: 200ms, quiet: 400ms")
        for name, values in {"watch: auto": ("auto", "poll"), "review_below: 0.85": ("0.85", "0.95")}.items():
            key, _, _ = name.partition(":")
            text = text.replace(name, f"{key}: {self._chance.choice(values)}")
        self.line.config.write_text(text)

    def _weigh_steps(self) -> dict[Callable[[], None], int]:
        """The kinds of steps, and how often each comes."""
        return {
            self._copy_take: 5,
            self._copy_shoot: 6,
            self._begin_copy: 2,
            self._go_on_copying: 3,
            self._copy_into_wrong_folder: 1,
            self._move_to_right_folder: 2,
            self._rename_copy: 1,
            self._remove_copy: 1,
            self._drop_junk: 1,
            self._remove_junk: 1,
            self._approve: 6,
            self._decide: 4,
            self._mend: 2,
            self._seal: 2,
            self._write_to_original: 1,
            self._delete_original: 1,
            self._delete_originals: 1,
            self._lose_derived_file: 1,
            self._lose_object: 1,
            self._look: 4,
            self._restore: 1,
            self._kill: 2,
            self._restart: 1,
        }

    def run(self, steps: int) -> list[str]:
        """Run the trial and return its faults."""
        self.line.start()
        try:
            for _ in range(steps):
                self._chance.choice(self._steps)()
                time.sleep(self._chance.choice(_PAUSES_S))
            self._note("nothing fails any more")
            while self._copies:
                self._go_on_copying()
            self._remove_junk()
            self.command("storage", "resume")
            Supervisor(self).settle_everything()
            self.command("storage", "repair")
            self._faults += find_faults(self)
        except AssertionError as error:
            self._faults.append(str(error)[-3000:])
        finally:
            if code := self.line.stop():
                self._faults.append(f"the daemon ended with {code}")
        log = self.line.log
        for sign in _NEVER_IN_THE_LOG:
            if sign in log:
                self._faults.append(f"the log says {sign!r}: {log[log.index(sign) :][:2500]}")
        return self._faults

    def command(self, *arguments: str) -> int:
        """Give a command and return its exit code. One that is refused must say the next action."""
        ended = self.line.ask(*arguments, check=False)
        said = " ".join((ended.stderr or ended.stdout).split())
        self._note(f"{' '.join(arguments)}: {ended.returncode} {said[:160]}")
        if ended.returncode not in _EXIT_CODES or "Traceback" in ended.stderr:
            self._faults.append(f"{arguments} ended with {ended.returncode}: {ended.stderr[-1500:]}")
        elif ended.returncode and "→" not in ended.stderr + ended.stdout:
            self._faults.append(f"{arguments} says no next action: {(ended.stderr + ended.stdout)[-900:]}")
        return ended.returncode

    def _note(self, what: str) -> None:
        self.done.append(f"{time.strftime('%H:%M:%S')} {what}")

    def _copy_take(self, take: Take | None = None) -> None:
        take = take or self._chance.choice(self.takes)
        suffix = take.file.suffix.upper()
        names = (take.file.name, f"S{take.shoot}{suffix}", f"DCIM/100/S{take.shoot}{suffix}")
        self._copy(take, take.camera, self._chance.choice(names))

    def _copy(self, take: Take, camera: str, name: str) -> None:
        path = self.line.drop / camera / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._note(f"copy {take.camera} of shoot {take.shoot} to {camera}/{name}")
            shutil.copy(take.file, path)
            self.owed[take.sha256] = path

    def _copy_shoot(self) -> None:
        shoot = self._chance.choice(self.takes).shoot
        for take in self.takes:
            if take.shoot == shoot:
                self._copy_take(take)

    def _begin_copy(self) -> None:
        """A copy stops half-way; it may go on later."""
        take = self._chance.choice(self.takes)
        path = self.line.drop / take.camera / f"G{take.shoot}{take.file.suffix.upper()}"
        if path.exists() or any(one.path == path for one in self._copies):
            return
        content = take.file.read_bytes()
        size = self._chance.randint(1, len(content) - 1)
        self._note(f"copy {size} of {len(content)} bytes to {take.camera}/{path.name}")
        path.write_bytes(content[:size])
        self._copies.append(Copy(path, take, size))

    def _go_on_copying(self) -> None:
        if not self._copies:
            return
        one = self._copies.pop(0)
        if one.path.exists() and one.path.stat().st_size == one.bytes:
            self._note(f"copy the rest of {one.path.name}")
            with one.path.open("ab") as file:
                file.write(one.take.file.read_bytes()[one.bytes :])
            self.owed[one.take.sha256] = one.path

    def _copy_into_wrong_folder(self) -> None:
        take = self._chance.choice(self.takes)
        wrong = self._chance.choice([camera for camera in CAMERAS if camera != take.camera])
        self._copy(take, wrong, f"W{take.shoot}{take.camera}{take.file.suffix.upper()}")

    def _move_to_right_folder(self) -> None:
        for path in sorted(self.line.drop.glob("*/W*")):
            target = self.line.drop / path.stem[2:] / path.name
            if target.parent != path.parent and not target.exists():
                self._note(f"move {path.parent.name}/{path.name} to {target.parent.name}")
                with suppress(FileNotFoundError):  # it was taken in in this moment
                    path.rename(target)
                return

    def _pick_copy(self) -> Path | None:
        found = sorted(self.line.drop.glob("*/S*"))
        return self._chance.choice(found) if found else None

    def _rename_copy(self) -> None:
        path = self._pick_copy()
        if path is not None:
            self._note(f"rename {path.parent.name}/{path.name}")
            with suppress(FileNotFoundError):
                path.rename(path.with_name(f"R{path.name}"))

    def _remove_copy(self) -> None:
        path = self._pick_copy()
        if path is not None:
            self._note(f"remove {path.parent.name}/{path.name}")
            with suppress(FileNotFoundError):
                self.owed.pop(hash_file(path), None)
                path.unlink()

    def _drop_junk(self) -> None:
        names = ("junk-noise.mov", "junk-empty.mov", "junk-notes.txt", "junk-link.mov", ".junk-hidden.mov")
        path = self.line.drop / self._chance.choice(CAMERAS) / self._chance.choice(names)
        if path.exists() or path.is_symlink():
            return
        self._note(f"drop {path.parent.name}/{path.name}")
        if "link" in path.name:
            path.symlink_to(self.takes[0].file)
        else:
            path.write_bytes(b"" if "empty" in path.name else self._chance.randbytes(5000))

    def _remove_junk(self) -> None:
        for path in (*self.line.drop.glob("*/junk-*"), *self.line.drop.glob("*/.junk-*")):
            self._note(f"remove {path.parent.name}/{path.name}")
            path.unlink(missing_ok=True)

    def _iterate_originals(self) -> Iterator[Path]:
        for folder in sorted((self.line.work / "sessions").glob("*/original")):
            yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".mov", ".wav"})

    def _spoil_original(self) -> Path | None:
        """Pick an original in a session's folder, which will not be what it was."""
        found = list(self._iterate_originals())
        if not found:
            return None
        path = self._chance.choice(found)
        self._note(f"spoil {path.relative_to(self.line.work)}")
        self.spoiled.add(hash_file(path))
        self.spoiled_files.add(path)
        return path

    def _write_to_original(self) -> None:
        path = self._spoil_original()
        if path is not None:
            path.chmod(0o644)
            with path.open("r+b") as file:
                file.seek(self._chance.randint(0, path.stat().st_size - 1))
                file.write(b"spoiled")

    def _delete_original(self) -> None:
        path = self._spoil_original()
        if path is not None:
            path.unlink()

    def _delete_originals(self) -> None:
        """Somebody deletes a whole folder of originals."""
        path = self._spoil_original()
        if path is not None:
            folder = self.line.work.joinpath(*path.relative_to(self.line.work).parts[:3])
            others = [other for other in self._iterate_originals() if other.is_relative_to(folder)]
            self.spoiled |= {hash_file(other) for other in others}
            self.spoiled_files |= {*others}
            self._note(f"delete {folder.relative_to(self.home)}")
            shutil.rmtree(folder)

    def _lose_derived_file(self) -> None:
        """Something that was made disappears from the work folder."""
        folders = (self.line.work / "sessions").glob(f"*/{self._chance.choice(('conform', 'listen'))}")
        path = self._delete_any([path for folder in folders for path in folder.rglob("*")])
        # What is published is not made again: a person is told that it is gone, and the store has it.
        self.spoiled_files |= {path} if path is not None else set()

    def _lose_object(self) -> None:
        """Somebody deletes an object of a session from the store."""
        kinds = ("orig", "mezz", "proxy", "wave", "sprite", "manifest")
        folder = self.home / "var" / "bucket" / "v1" / self._chance.choice(kinds)
        self._delete_any(folder.rglob("*"))

    def _delete_any(self, paths: Iterator[Path] | list[Path]) -> Path | None:
        found = sorted(path for path in paths if path.is_file())
        if not found:
            return None
        path = self._chance.choice(found)
        self._note(f"delete {path.relative_to(self.home)}")
        path.unlink(missing_ok=True)
        return path

    def _pick_session(self) -> dict | None:
        sessions = self.line.sessions()
        return self._chance.choice(sessions) if sessions else None

    def _approve(self) -> None:
        session = self._pick_session()
        if session is not None:
            self.command("approve", session["id"], "--revision", str(session["revision"]))

    def _decide(self) -> None:
        """Somebody gives any other command about any session."""
        session = self._pick_session()
        if session is None:
            return
        command = self._chance.choice(list_decisions(session, self._chance, self.home))
        if self.command(*command) == 0 and command[0] == "nudge":
            self.nudged.add(session["id"])

    def _look(self) -> None:
        """Somebody looks at something, and changes nothing."""
        session = self._pick_session()
        if session is not None:
            self.command(*self._chance.choice(list_looks(session, self._chance, self.home)))

    def _restore(self) -> None:
        """Somebody fetches a session from the store: each original that comes is what a camera recorded."""
        session = self._pick_session()
        if session is None:
            return
        into = self.home / "restored" / str(len(self.done))
        if self.command("restore", session["id"], "--into", str(into)) == 0:
            known = {take.sha256 for take in self.takes} | self.spoiled
            for path in into.rglob("originals/*/*"):
                if path.is_file() and hash_file(path) not in known:
                    self._faults.append(f"restored {path.relative_to(into)}, which no camera recorded")

    def _mend(self) -> None:
        session = self._pick_session()
        if session is not None:
            verb, *options = self._chance.choice((["retry"], ["retry"], ["resync", "--yes"]))
            self.command(verb, session["id"], *options)

    def _seal(self) -> None:
        held = self.line.status()["held"] if self._chance.random() < 0.5 else []
        self.command("seal", *(f"--without={one}" for one in held))

    def _kill(self) -> None:
        self._note("kill -9")
        self.line.kill()
        self._begin_again()

    def _restart(self) -> None:
        self._note("restart")
        if code := self.line.stop():
            self._faults.append(f"the daemon ended with {code}")
        self._configure()
        self.line.prepare_store()
        self._begin_again()

    def _begin_again(self) -> None:
        time.sleep(self._chance.choice((0.0, 0.2)))
        self.line.start()

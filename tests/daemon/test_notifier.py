"""The notifier: a real ledger, a real receiver on the loopback, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from line import Line
from mcsyncd.daemon import notifier as notifier_module
from mcsyncd.daemon.event_hub import EventHub
from mcsyncd.daemon.loop import SessionLoop
from mcsyncd.daemon.notifier import Notifier
from mcsyncd.daemon.store_gate import StoreFailure
from mcsyncd.model.clip import Clip
from mcsyncd.model.events import (
    ClipsOffloaded,
    DropFilesChanged,
    Event,
    PublishingBegan,
    SessionAligned,
    SessionApproved,
    SessionHalted,
    SessionOpened,
    SessionPublished,
    SessionSealed,
)
from mcsyncd.model.publishing import Publication
from mcsyncd.model.session import Failure, Session, State
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.store.ledger import Ledger
from receiver import SECRET, Receiver, refuse, verifies
from shoots import AT, DROPPED, NTSC, OKAFOR, TERMS, alignment

COLLECT_S = 120.0
CLIPS = tuple(Clip(one.camera, one.name, one.bytes, one.mtime_ns) for one in DROPPED if one.kind == "clip")
REVIEWED = (
    DropFilesChanged(AT, DROPPED),
    SessionSealed(AT, TERMS, CLIPS),
    ClipsOffloaded(AT, tuple((clip.key, f"sessions/x/original/{clip.key}") for clip in CLIPS)),
    SessionAligned(AT, 1, alignment(), NTSC),
)
PUBLISHED = (
    SessionApproved(AT, OKAFOR, 1),
    PublishingBegan(AT, 1),
    SessionPublished(AT, Publication(1, "v1/manifest/x/1.json", "0" * 64)),
)
HALTED = SessionHalted(AT, State.FAILED, Failure("probe", "A001.mov: cut off", "copy it again", True))


class Watch:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


@dataclass
class Desk:
    """The loop and the notifier of one daemon, whose looks the test takes."""

    loop: SessionLoop
    notifier: Notifier
    watch: Watch

    async def record(self, session_id: str, *events: Event) -> None:
        loop = self.loop
        async with loop._lock:
            if not await loop.ledger.call(loop.ledger.ledger.read_session, session_id):
                opened = SessionOpened(AT, session_id)
                await loop._record_events(Session(session_id, AT), (opened,), opening=True)
            await loop._record_events(await loop.load_session(session_id), events)

    async def look(self, wait_s: float = 0.0) -> None:
        self.watch.now += wait_s
        await self.notifier.look_on()


class House:
    """The folders and settings of a daemon, over its restarts."""

    def __init__(self, home, url: str, more: str = "") -> None:
        self.line, self.url, self.watch, self.health = Line(home), url, Watch(), "ok"
        home.joinpath("webhook").write_text(f"WEBHOOK_SECRET={SECRET}\n")
        home.joinpath("webhook").chmod(0o600)
        self.line.work.mkdir(parents=True)
        self.configure(more)

    def configure(self, more: str = "", to: str | None = None) -> None:
        named = f"[{{kind: webhook, url: '{self.url}'}}]" if to is None else to
        options = f"to: {named}, collect: {COLLECT_S:.0f}s, disk_below: 0MB"
        storage = f"{{kind: local, path: var/bucket}}\nnotifications: {{{options}{more}}}"
        self.line.configure(storage=storage)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Desk]:
        config = ActiveConfig.read(self.line.config)
        with ThreadPoolExecutor(1) as thread:
            ledger = thread.submit(Ledger, config.settings.paths.state, "test").result()
            loop = SessionLoop(ledger, thread, config, EventHub(), slot_counts={})
            await loop.resume_sessions()
            notifier = Notifier(loop, lambda: self.health, clock=self.watch)
            desk = Desk(loop, notifier, self.watch)
            try:
                await desk.look()
                yield desk
            finally:
                thread.submit(ledger.close).result()


@pytest.fixture
def house(tmp_path, receiver, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return House(tmp_path, receiver.url)


def name(number: int) -> str:
    return f"20261127-09000{number}-abc"


async def test_three_sessions_come_in_one_message_whose_signature_verifies(house, receiver):
    async with house.open() as desk:
        for number in range(3):
            await desk.record(name(number), *REVIEWED)
            await desk.look(2.0)
        assert receiver.posts == []
        await desk.look(COLLECT_S)
        (post,) = receiver.posts
        assert verifies(post)
        assert [(one["kind"], one["subject"]) for one in post.notices] == [
            ("needs_review", name(number)) for number in range(3)
        ]
        assert post.notices[0]["hint"] == f"mcsyncd review {name(0)}"
        for _ in range(5):
            await desk.look(COLLECT_S)
        assert len(receiver.posts) == 1


async def test_a_session_that_is_published_by_then_is_told_once_as_published(house, receiver):
    async with house.open() as desk:
        await desk.record(name(1), *REVIEWED)
        await desk.look(2.0)
        await desk.record(name(1), *PUBLISHED)
        await desk.record(name(2), HALTED)
        await desk.look(COLLECT_S)
        (post,) = receiver.posts
        told = {one["subject"]: one for one in post.notices}
        assert {subject: one["kind"] for subject, one in told.items()} == {
            name(1): "published",
            name(2): "failed",
        }
        assert (told[name(2)]["hint"], "A001.mov: cut off" in told[name(2)]["text"]) == (
            "copy it again",
            True,
        )


async def test_a_receiver_that_fails_gets_the_same_message_again_later_each_time(house, receiver):
    receiver.faults = [refuse(500), refuse(302, Location="/x"), refuse(429, Retry_After="600")]
    async with house.open() as desk:
        await desk.record(name(1), *REVIEWED)
        await desk.look(2.0)
        await desk.look(COLLECT_S)
        assert desk.notifier.list_alerts() == []
        for tries in (2, 3):
            await desk.look(40.0)
            assert len(receiver.posts) == tries
        (alert,) = desk.notifier.list_alerts()
        assert (alert.code, "answered 429" in alert.message) == ("notifications_failing", True)
        await desk.look(598.0)
        assert len(receiver.posts) == 3, "it asked for ten minutes"
        await desk.look(3.0)
        assert (len(receiver.posts), len(receiver.taken), len({post.id for post in receiver.posts})) == (
            4,
            1,
            1,
        )
        assert len({post.body for post in receiver.posts}) == 1
        assert all(verifies(post) for post in receiver.posts)
        assert desk.notifier.list_alerts() == []


async def test_a_restart_goes_on_with_what_was_under_way(house, receiver):
    receiver.faults = [refuse(503)]
    async with house.open() as desk:
        await desk.record(name(1), *REVIEWED)
        await desk.look(2.0)
        await desk.look(COLLECT_S)
        await desk.record(name(2), *REVIEWED)  # not looked at before the end
    house.watch.now += 60.0
    async with house.open() as desk:
        assert [post.id for post in receiver.taken] == [receiver.posts[0].id]
        await desk.look(COLLECT_S)
        assert [one["subject"] for one in receiver.taken[1].notices] == [name(2)]
    async with house.open() as desk:
        await desk.look(10 * COLLECT_S)
    assert len(receiver.taken) == 2


async def test_what_was_before_is_not_told(house, receiver):
    """The first start with a receiver, a damaged file, and a receiver that was away for a while."""
    house.configure(to="[]")
    async with house.open() as desk:
        await desk.record(name(1), *REVIEWED)
    house.configure()
    state = house.line.home / "var" / "state"
    async with house.open() as desk:
        await desk.look(COLLECT_S)
        (state / "outbox-webhook.json").write_bytes(b"\x00" * 300)
    async with house.open() as desk:
        await desk.look(COLLECT_S)
    house.configure(to="[]")
    async with house.open() as desk:
        await desk.record(name(2), *REVIEWED)
        assert not list(state.glob("outbox-*"))
    house.configure()
    async with house.open() as desk:
        await desk.look(COLLECT_S)
        assert receiver.posts == []
        await desk.record(name(3), *REVIEWED)
        await desk.look(2.0)
        await desk.look(COLLECT_S)
        assert [one["subject"] for one in receiver.posts[0].notices] == [name(3)]


async def test_a_store_that_is_away_for_ten_minutes_is_told_once(house, receiver):
    async with house.open() as desk:
        gate = desk.loop.store_gates.main
        gate.note_failure(StoreFailure("a", "the store cannot be reached", "mount it", passing=True))
        await desk.look()
        await desk.look(599.0)
        await desk.look(COLLECT_S - 2)
        assert receiver.posts == []
        await desk.look(2.0)
        await desk.look(COLLECT_S)
        await desk.look(COLLECT_S)
        (notice,) = receiver.posts[0].notices
        assert (notice["kind"], notice["hint"]) == ("store_unreachable", "mount it")
        assert notice["text"] == "Store local takes nothing: the store cannot be reached"
        assert len(receiver.posts) == 1


async def test_a_store_that_nobody_asks_is_not_called_unreachable(house, receiver):
    async with house.open() as desk:
        gate = desk.loop.store_gates.main
        gate.note_failure(StoreFailure("a", "the store cannot be reached", "mount it", passing=True))
        gate.pause("kim")
        for wait_s in (2.0, 600.0, COLLECT_S):
            await desk.look(wait_s)
        assert receiver.posts == []


async def test_a_folder_that_is_away_is_told_although_there_is_nothing_to_publish(house, receiver):
    async with house.open() as desk:
        house.health = "not mounted"
        for wait_s in (2.0, 600.0, COLLECT_S):
            await desk.look(wait_s)
        (notice,) = receiver.posts[0].notices
        assert notice["text"] == "Store local takes nothing: not mounted"


async def test_a_disk_that_runs_full_is_told_also_at_night_and_a_review_is_not(house, receiver, monkeypatch):
    house.configure(", quiet_hours: '22:00-07:00'")
    minute, free = 23 * 60, 500
    monkeypatch.setattr(notifier_module, "read_minute_of_day", lambda: minute)
    monkeypatch.setattr(notifier_module, "is_disk_low", lambda *_, was_low: free < (110 if was_low else 100))
    async with house.open() as desk:
        await desk.record(name(1), *REVIEWED)
        free = 99
        await desk.look(2.0)
        await desk.look(COLLECT_S)
        assert [one["kind"] for one in receiver.posts[0].notices] == ["disk_low"]
        for left in (105, 99, 105):  # a job's files come and go
            free = left
            await desk.look(COLLECT_S)
        assert len(receiver.posts) == 1
    async with house.open() as desk:  # and a restart forgets nothing of it
        free = 99
        await desk.look(COLLECT_S)
        assert len(receiver.posts) == 1
        minute = 7 * 60
        await desk.look(2.0)
        assert [one["kind"] for one in receiver.posts[1].notices] == ["needs_review"]


async def test_only_what_is_wanted_is_told(house, receiver):
    house.configure(", about: [failed]")
    async with house.open() as desk:
        await desk.record(name(1), *REVIEWED, *PUBLISHED)
        await desk.record(name(2), HALTED)
        await desk.look(2.0)
        await desk.look(COLLECT_S)
        assert [one["subject"] for one in receiver.posts[0].notices] == [name(2)]


async def test_a_secret_that_is_missing_is_said_and_the_notice_waits_for_it(house, receiver):
    secret = house.line.home / "webhook"
    text = secret.read_text()
    secret.unlink()
    async with house.open() as desk:
        await desk.record(name(1), *REVIEWED)
        await desk.look(2.0)
        await desk.look(COLLECT_S)
        for _ in range(3):
            await desk.look(3600.0)
        (alert,) = desk.notifier.list_alerts()
        assert "No such file" in alert.message
        secret.write_text(text)
        secret.chmod(0o600)
        await desk.look(3600.0)
        assert len(receiver.taken) == 1

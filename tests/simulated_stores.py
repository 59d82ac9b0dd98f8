"""The stores of the simulation: what they hold, the manifests, and what their readers are told."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from mcsyncd.model.jobs import (
    EmptyTrash,
    Job,
    PointHead,
    PublishCopy,
    PublishManifest,
    TrashOriginals,
    Upload,
)
from mcsyncd.model.publishing import HeadState, Publication, StoreHead
from mcsyncd.model.session import Session
from promises import Violation


@dataclass
class SimulatedStores:
    """The main store, whose name is empty, and the further ones. They outlive the daemon."""

    contents: dict[str, dict[str, str]]
    """Hash of each object, by store and key."""
    manifests: dict[str, dict[int, Session]] = field(default_factory=dict)
    """What was published, by session and revision."""
    heads: dict[tuple[str, str], StoreHead] = field(default_factory=dict)
    """What each store tells of each session."""

    def lose_object(self, chance: random.Random, name: str | None = None) -> None:
        """Somebody deletes an object from a store, or from this one."""
        store = self.contents[chance.choice(list(self.contents)) if name is None else name]
        if store:
            del store[chance.choice(list(store))]

    def repair(self, session: Session) -> None:
        """What `storage repair` does."""
        for holding in session.holdings:
            hashes = {one.key: one.sha256 for one in holding.stored}
            self.contents[holding.store] |= {one.key: hashes[one.key] for one in holding.damaged}

    def list_missing(self, job: PublishManifest | PublishCopy) -> tuple[str, ...]:
        """The keys that the store does not have, of those that the manifest is to name."""
        if isinstance(job, PublishCopy):
            return tuple(one.key for one in job.stored if one.key not in self.contents[job.store])
        publishing = job.snapshot.publishing
        if publishing is None or publishing.plan is None:
            raise Violation("a manifest without a plan")
        return tuple(one.key for one in publishing.plan.uploads if one.key not in self.contents[""])

    def may_remove(self, job: TrashOriginals | EmptyTrash) -> bool:
        """Whether the job's stores have all that its manifest names."""
        return all(key in self.contents[store] for store in job.stores for key in self._list_named(job))

    def _list_named(self, job: TrashOriginals | EmptyTrash | PublishCopy) -> list[str]:
        """The keys that the manifest of a job's publication names."""
        named = self.manifests[job.session][job.publication.revision].publishing
        return [one.key for one in named.plan.uploads] if named is not None and named.plan else []

    def take_effect(self, job: Job) -> None:
        """Change what a job changes. Raises Violation if that breaks what readers rely on."""
        if isinstance(job, Upload):
            stored = self.contents[job.store].setdefault(job.object.key, job.object.sha256)
            if stored != job.object.sha256:
                raise Violation(f"{job.object.key} has two contents")
        elif isinstance(job, PointHead):
            self._tell(job.store, job.session, job.publication, job.head)
        elif isinstance(job, PublishCopy):
            if job.publication.revision not in self.manifests[job.session]:
                raise Violation("a copy of what the main store does not have")
            if missing := [key for key in self._list_named(job) if key not in self.contents[job.store]]:
                raise Violation(f"a copy without {missing[0]}")
            head = StoreHead(HeadState.CURRENT, job.publication.revision)
            self._tell(job.store, job.session, job.publication, head)
        elif isinstance(job, PublishManifest):
            snapshot = job.snapshot
            if missing := self.list_missing(job):
                raise Violation(f"a manifest without {missing[0]}")
            head = StoreHead(HeadState.CURRENT, snapshot.revision)
            self._tell("", job.session, Publication(snapshot.revision, "", ""), head)
            self.manifests.setdefault(job.session, {})[snapshot.revision] = snapshot

    def _tell(self, store: str, name: str, published: Publication | None, head: StoreHead) -> None:
        """Change a pointer, as `publish.release.point_head` does: never one of a later revision."""
        before = self.heads.get((store, name))
        named = [one.revision for one in (before, published) if one is not None]
        if named and max(named) <= head.revision:
            self.heads[store, name] = StoreHead(head.state, max(named))

"""A look at the store as a whole: what the ledger says is there against what is there. Without a daemon."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from mcsyncd.checks.sessions import locate_ledger, select_sessions
from mcsyncd.checks.store_reading import cut_slices, draw_sample, find_damage
from mcsyncd.errors import StorageError
from mcsyncd.model.publishing import Publication
from mcsyncd.model.rendition import StoredObject
from mcsyncd.model.session import Session
from mcsyncd.publish.comparison import Difference, WantedObject, compare_store
from mcsyncd.publish.garbage import list_superseded
from mcsyncd.publish.head import read_head
from mcsyncd.publish.keys import build_head_key, list_session_prefixes, parse_manifest_key
from mcsyncd.publish.object_store import ListedObject, ObjectStore
from mcsyncd.publish.open_store import open_known_store
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.work_layout import WorkLayout
from mcsyncd.store.audit import read_publications

DocumentKind = Literal["manifest", "head"]


@dataclass(frozen=True, slots=True)
class DocumentFault:
    """A manifest or a pointer that is missing, or not what was recorded. `tag` is that of what is there."""

    kind: DocumentKind
    session: str
    key: str
    sentence: str
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class StoreSurvey:
    """What was compared: `checked` counts objects and documents."""

    sessions: tuple[Session, ...]
    wanted: Mapping[str, WantedObject]
    differences: tuple[Difference, ...]
    documents: tuple[DocumentFault, ...]
    checked: int

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is wrong, a sentence each."""
        return (
            *(one.sentence for one in self.differences),
            *(one.sentence for one in self.documents),
        )


def survey_store(
    settings: Settings, store: ObjectStore, session: str | None = None, *, name: str = ""
) -> StoreSurvey:
    """List the store, read its manifests and pointers, and compare all of it with the ledger.

    `name` is what the ledger calls the store.

    One listing request for a thousand objects, two small reads for each published session. Raises McsyncError
    for an unknown session, StoreOffline and StoreRefused.
    """
    sessions = tuple(one.view_from(name) for one in select_sessions(settings, session))
    publications = read_publications(locate_ledger(settings))
    superseded = {stored.key for one in sessions for stored in list_superseded(one)}
    wanted = {
        stored.key: _describe(one, stored)
        for one in sessions
        for stored in one.stored
        if stored.key not in superseded  # it may have been deleted by `storage gc`
    }
    manifests = [
        (one.id, publication)
        for one in sessions
        for publication in publications.get(one.id, ())
        if one.published is not None and publication.revision <= one.published.revision
    ]
    listed = list(_list_store(store, session))
    differences = compare_store(
        wanted,
        (one for one in listed if one.key not in superseded and not _is_document(one.key, manifests)),
        heads=frozenset(one.id for one in sessions),
        whole=session is None,
    )
    keys = {one.key for one in listed}
    documents = (
        *_check_manifests(store, manifests, keys),
        *(fault for one in sessions if (fault := _check_head(store, one)) is not None),
    )
    published = sum(one.published is not None for one in sessions)
    return StoreSurvey(sessions, wanted, differences, documents, len(wanted) + len(manifests) + published)


def survey_by_name(settings: Settings, name: str) -> tuple[int, tuple[str, ...]]:
    """Survey a store by the name that the ledger has for it; return how much was checked, and what is wrong.

    Raises what `survey_store` raises, and StoreRefused for another store than before.
    """
    store = open_known_store(WorkLayout.from_settings(settings), name)
    survey = survey_store(settings, store, name=name)
    return survey.checked, survey.sentences


def _describe(session: Session, stored: StoredObject) -> WantedObject:
    return WantedObject(session.id, stored.key, stored.bytes, stored.sha256, stored.tag, stored.clip)


def _list_store(store: ObjectStore, session: str | None) -> Iterator[ListedObject]:
    for prefix in ("",) if session is None else list_session_prefixes(session):
        yield from store.list_objects(prefix)


def _is_document(key: str, manifests: Iterable[tuple[str, Publication]]) -> bool:
    """Tell whether a key is a recorded manifest, or one of a revision that a rebuilt ledger does not know."""
    session = parse_manifest_key(key)
    return session is not None and any(session == one for one, _ in manifests)


def _check_manifests(
    store: ObjectStore, manifests: Iterable[tuple[str, Publication]], keys: set[str]
) -> Iterator[DocumentFault]:
    for session, publication in manifests:
        if publication.key not in keys:
            yield DocumentFault("manifest", session, publication.key, f"{publication.key}: not in the store")
            continue
        found = store.find_document(publication.key)
        if found is None or hashlib.sha256(found.data).hexdigest() != publication.sha256:
            tag = found.tag if found is not None else None
            sentence = f"{publication.key}: is not the manifest that was published"
            yield DocumentFault("manifest", session, publication.key, sentence, tag)


def _check_head(store: ObjectStore, session: Session) -> DocumentFault | None:
    wanted, key = session.wanted_head, build_head_key(session.id)
    if wanted is None:
        return None
    found = store.find_document(key)
    if found is None:
        return DocumentFault("head", session.id, key, f"{key}: not in the store")
    try:
        head = read_head(key, found.data)
    except StorageError as error:
        return DocumentFault("head", session.id, key, error.message, found.tag)
    if head.publication != session.published:
        sentence = f"{key}: points to {head.publication.key} (revision {head.publication.revision})"
    elif not head.tells(wanted) and not session.has_outdated_head:
        sentence = f"{key}: says {head.state} instead of {wanted.state}"
    else:
        return None
    return DocumentFault("head", session.id, key, sentence, found.tag)


def read_back(
    store: ObjectStore,
    survey: StoreSurvey,
    layout: WorkLayout,
    share: float,
    chance: random.Random | None = None,
) -> tuple[StoreSurvey, str]:
    """Read back a share (0 to 1) of the bytes of the objects that look right.

    Returns the survey with what that found, and a note of how much was read. Raises what the store raises.
    """
    if not share:
        return survey, "compared by size and tag"
    wrong = {one.key for one in survey.differences}
    slices = cut_slices((one for key, one in survey.wanted.items() if key not in wrong), layout)
    drawn = draw_sample(slices, share, chance or random.Random())  # noqa: S311  # a sample, no secret
    total = sum(one.bytes for one in slices)
    done = sum(one.bytes for one in drawn) / total if total else 1.0
    damaged = find_damage(store, drawn)
    return replace(survey, differences=(*survey.differences, *damaged)), f"{done:.0%} of the bytes read back"

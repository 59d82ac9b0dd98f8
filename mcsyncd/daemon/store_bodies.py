"""The stores, and what they hold of a session, as bodies and alerts of the API. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from mcsyncd import api
from mcsyncd.daemon.store_gates import StoreGates
from mcsyncd.model.holding import Evidence, Holding, ObjectState
from mcsyncd.model.publishing import OBJECT_WORDS
from mcsyncd.model.session import Session
from mcsyncd.model.store_jobs import list_published_keys, list_safe_stores
from mcsyncd.present.session import format_clip
from mcsyncd.settings.schema import Settings

_SHOWN = 3
"""Sessions whose stores are faulty, in a status. Judgement: `mcsyncd verify store` lists all."""


def build_further_bodies(settings: Settings, gates: StoreGates) -> list[api.StorageBody]:
    """Return the further stores, with what keeps each from taking anything."""
    bodies = []
    for storage in settings.stores[1:]:
        gate = gates.find_gate(storage.key)
        trouble = gate.trouble
        bodies.append(
            api.StorageBody(
                kind=storage.kind,
                name=storage.key,
                target=storage.label,
                health=trouble.message if trouble else "ok",
                uploads="off_hours" if gates.is_off_hours(storage.key) else gate.state,
                since=trouble.since if trouble else None,
                next_try_at=gate.next_try_at,
                hint=trouble.hint if trouble else "",
                work_free_bytes=None,
            )
        )
    return bodies


def build_copy_bodies(session: Session, main: str) -> list[api.CopyBody]:
    """Return what each store holds of a published session; `main` is the name of the main store."""
    keys = list_published_keys(session)
    if session.published is None:
        return []
    safe = list_safe_stores(session)
    return [_build_copy_body(session, one, main, keys, is_safe=one.store in safe) for one in session.holdings]


def _build_copy_body(
    session: Session, holding: Holding, main: str, keys: tuple[str, ...], *, is_safe: bool
) -> api.CopyBody:
    damaged, states = holding.damaged, [holding.judge_object(key) for key in keys]
    state: Literal["behind", "published", "safe", "damaged", "halted"] = "published"
    message, hint = "", ""
    if damaged:
        state, message = "damaged", _describe_object(session, holding, damaged[0])
        hint = _suggest_repair(holding.store)
    elif holding.trouble is not None:
        state, message, hint = "halted", holding.trouble.message, holding.trouble.hint
    elif holding.published != session.published:
        state = "behind"
    elif is_safe:
        state = "safe"
    return api.CopyBody(
        store=holding.store or main,
        state=state,
        objects=len(keys),
        stored=len(keys) - states.count(None),
        read_back=states.count(ObjectState.DEEP_VERIFIED),
        message=message,
        hint=hint,
    )


def list_copy_alerts(sessions: Iterable[Session], main: str) -> list[api.AlertBody]:
    """Return what is wrong with what the stores hold of these sessions, the worst first."""
    damaged, halted = [], []
    for session in sessions:
        for holding in session.holdings:
            if holding.damaged:
                damaged.append(_describe_damage(session, holding, main))
            if holding.trouble is not None:
                message = f"{holding.store} gets nothing more of {session.id}: {holding.trouble.message}"
                halted.append(
                    api.AlertBody(
                        code="copy_halted",
                        level="warning",
                        message=message,
                        hint=holding.trouble.hint,
                        since=holding.trouble.at,
                    )
                )
    return [*damaged[:_SHOWN], *halted[:_SHOWN]]


def _describe_damage(session: Session, holding: Holding, main: str) -> api.AlertBody:
    first, more = holding.damaged[0], len(holding.damaged) - 1
    others = f", and {more} more" if more else ""
    what = f"does not hold what was stored of {session.id}"
    said = _describe_object(session, holding, first)
    return api.AlertBody(
        code="object_damaged",
        level="error",
        message=f"{holding.store or main} {what}: {said}{others}",
        hint=_suggest_repair(holding.store),
        since=first.at,
    )


def _describe_object(session: Session, holding: Holding, evidence: Evidence) -> str:
    """Return what is wrong with an object, by the names that people have for clip and camera."""
    labels = {camera.key: camera.label for camera in session.terms.cameras} if session.terms else {}
    stored = next((one for one in holding.stored if one.key == evidence.key), None)
    name = (
        f"{format_clip(stored.clip, labels)}, {OBJECT_WORDS[stored.kind]}"
        if stored is not None
        else evidence.key
    )
    return f"{name}: {evidence.message}"


def _suggest_repair(store: str) -> str:
    return "mcsyncd storage repair" + (f" --store {store}" if store else "")

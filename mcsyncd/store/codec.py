"""Events and sessions as JSON and back: the only place that knows their stored form."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field, TypeAdapter

from mcsyncd.model.events import Event
from mcsyncd.model.session import Session

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
_SESSION: TypeAdapter[Session] = TypeAdapter(Session)


def json_from_event(event: Event) -> str:
    """Return the event as canonical JSON: sorted keys, no whitespace. The chain hashes it."""
    return _serialize_canonical(_EVENT.dump_python(event, mode="json"))


def event_from_json(text: str) -> Event:
    """Return the event that was written as `text`. Raises ValueError."""
    return _EVENT.validate_json(text)


def json_from_session(session: Session) -> str:
    """Return the session as canonical JSON."""
    return _serialize_canonical(_SESSION.dump_python(session, mode="json"))


def session_from_json(text: str) -> Session:
    """Return the session that was written as `text`. Raises ValueError."""
    return _SESSION.validate_json(text)


def _serialize_canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

"""Events and sessions as JSON and back: the only place that knows how they are written down."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field, TypeAdapter

from mcsyncd.model.events import Event
from mcsyncd.model.session import Session

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
_SESSION: TypeAdapter[Session] = TypeAdapter(Session)


def event_json(event: Event) -> str:
    """Return the event as canonical JSON: sorted keys, no white space. What the chain hashes."""
    return _canonical(_EVENT.dump_python(event, mode="json"))


def event_of(text: str) -> Event:
    """Return the event that was written as `text`. Raises ValueError."""
    return _EVENT.validate_json(text)


def session_json(session: Session) -> str:
    """Return the session as canonical JSON."""
    return _canonical(_SESSION.dump_python(session, mode="json"))


def session_of_json(text: str) -> Session:
    """Return the session that was written as `text`. Raises ValueError."""
    return _SESSION.validate_json(text)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

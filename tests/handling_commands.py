"""The commands that people of `handling.py` give, and the settings that they change."""

from __future__ import annotations

import random
from pathlib import Path

_MAIN = "{kind: local, path: var/bucket}"
_FURTHER = "{kind: local, name: nas, path: var/nas}"
SETTINGS = {
    "conform": ("confident", "always", "approved"),
    "storage": (_MAIN, f"[{_MAIN}, {_FURTHER}]", f"[{_MAIN}, {_FURTHER}]\nmin_copies: 2"),
}
"""What the settings say of each, drawn anew for each start that a person makes."""
_HANDOFFS = (
    ("fcpxml", "mezzanine"),
    ("xmeml", "original"),
    ("otio", "proxy"),
    ("ale", "mezzanine"),
    ("edl", "proxy"),
)


def list_decisions(session: dict, chance: random.Random, home: Path) -> list[tuple[str, ...]]:
    """Return what somebody may decide about a session, wise or not."""
    name = session["id"]
    clips = [f"{key}/{one['name']}" for key, of in session["cameras"].items() for one in of["clips"]]
    clip, camera = chance.choice(clips or ["cam_a/none.mov"]), chance.choice(("cam_a", "cam_b", "cam_c"))
    place = f"={chance.randint(-900, 900)}ms"
    return [
        ("reject", name, "--reason", "the wrong shoot"),
        *[("reopen", name, "--reason", "a look")] * 2,
        ("nudge", name, camera, place, "--camera"),
        ("clip", name, clip, "set-aside"),
        ("clip", name, clip, "leave-out", "--reason", "not of this shoot"),
        ("clip", name, clip, "back"),
        ("return-originals", name),
        ("return-originals", name, "--to", str(home / "returned" / name)),
        ("clean", name, "--apply"),
        ("join", name),
        ("storage", chance.choice(("pause", "resume"))),
        ("storage", "repair"),
        ("storage", "gc"),
    ]


def list_looks(session: dict, chance: random.Random, home: Path) -> list[tuple[str, ...]]:
    """Return what somebody may look at, in whatever state the session is."""
    name, to = session["id"], str(home / "papers")
    looks = ("show", "log", "review", "manifest", "retention", "clean", "share")
    return [
        *((look, name) for look in looks),
        *(("handoff", name, "--format", one, "--media", media, "--to", to) for one, media in _HANDOFFS),
        ("report", name, "--to", to),
        ("preview", name, "--root", "https://media.example", "--to", str(home / f"page-{chance.random()}")),
        ("retention",),
        ("sessions",),
        ("status",),
        ("metrics",),
        ("doctor",),
        ("config", "validate"),
        ("storage", "plan"),
        ("storage", "cost"),
        ("verify", "log"),
        ("verify", "media", name),
        ("verify", "store", name),
    ]

"""The keys that a person chose, checked against every screen. Pure.

Textual takes any keymap and lets the last of two bindings of a key win, silently, so this is done before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from textual.binding import Binding
from textual.keys import Keys

from mcsyncd.tui.keymap import KEY_NAMES, Keymap, label_key, list_keys, spell_key

Screens = Mapping[str, Sequence[Binding]]
"""The bindings of each screen, by the name of the screen."""

_MODIFIERS = {"alt", "ctrl", "shift"}
_NOT_SENT = {"return", "ctrl-at"}
"""Names in Textual's list that no terminal's keys arrive under."""
_TAKEN = {
    "ctrl+c": "it copies text",
    "ctrl+q": "it always quits",
    "tab": "it goes from field to field",
    "shift+tab": "it goes from field to field",
    "ctrl+i": "a terminal sends it as tab",
    "ctrl+m": "a terminal sends it as enter",
    "ctrl+j": "a terminal sends it as enter",
    "ctrl+left_square_bracket": "a terminal sends it as escape",
    "ctrl+h": "a terminal sends it as backspace",
}
"""Keys that no action can have, and why."""

_KEYS = {key.value for key in Keys if key.value.isalnum()} - _NOT_SENT | set(KEY_NAMES.values())
"""The keys with a name, in Textual's long form."""


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """Why the keys that were chosen for `action` were left out, and what to do about it."""

    action: str
    message: str
    hint: str


def choose_keys(own: Mapping[str, Sequence[str]], screens: Screens) -> tuple[Keymap, list[KeyProblem]]:
    """Return the keymap of the keys that a person chose, by action, and what was left out of them.

    Left out are actions that do not exist, with keys that do not exist, and those whose key another
    action of the same screen has.
    """
    known = {one.id for bindings in screens.values() for one in bindings if one.id}
    keymap: dict[str, str] = {}
    problems: list[KeyProblem] = []
    for action, keys in own.items():
        found = [_check_key(key) for key in keys]
        faults = [fault for fault in found if isinstance(fault, tuple)]
        if action not in known:
            hint = _suggest(action, known) or "`mcsyncd tui --keys` lists them"
            problems.append(KeyProblem(action, "there is no such action", hint))
        elif faults:
            problems += [KeyProblem(action, *fault) for fault in faults]
        else:
            keymap[action] = ",".join(key for key in found if isinstance(key, str))
    while clashes := _find_clashes(keymap, screens):
        problems += clashes
        for clash in clashes:
            keymap.pop(clash.action, None)
    return keymap, problems


def _check_key(key: str) -> str | tuple[str, str]:
    """Return a key in Textual's long form, or what is wrong with it and what to do about it."""
    *modifiers, base = key.split("+") if not key.endswith("+") else [*key[:-1].split("+")[:-1], "+"]
    base = KEY_NAMES.get(base, base)
    if base not in _KEYS and not (len(base) == 1 and base.isprintable() and not base.isspace()):
        return f"there is no key {key!r}", _suggest(base, _KEYS) or "write a character, or a name such as f2"
    if not _MODIFIERS.issuperset(modifiers):
        return f"there is no key {key!r}", f"before + stands {', '.join(sorted(_MODIFIERS))}"
    if len(base) == 1 and ("shift" in modifiers or (modifiers and base != base.lower())):
        return f"no terminal sends {key!r}", f"write {base.upper()!r} or {f'ctrl+{base.lower()}'!r}"
    found = "+".join([*sorted(set(modifiers)), base])
    if (why := _TAKEN.get(found)) is not None:
        return f"{key} cannot be chosen: {why}", "choose another key"
    return found


def _find_clashes(keymap: Keymap, screens: Screens) -> list[KeyProblem]:
    """Return a problem for each chosen action whose key another action of the same screen has."""
    found: dict[str, KeyProblem] = {}
    for screen, bindings in screens.items():
        owners: dict[str, list[Binding]] = {}
        for one in bindings:
            for key in list_keys(one, keymap):
                owners.setdefault(key, []).append(one)
        for key, rivals in owners.items():
            for one in rivals:
                other = next((rival for rival in rivals if rival.id != one.id), None)
                if one.id is not None and one.id in keymap and other is not None:
                    found.setdefault(one.id, _explain_clash(one.id, key, other, screen))
    return list(found.values())


def _explain_clash(action: str, key: str, other: Binding, screen: str) -> KeyProblem:
    what = other.id or f"“{other.description or other.tooltip}”"
    hint = f"choose another key, or give {other.id} one" if other.id else "choose another key"
    return KeyProblem(action, f"{label_key(key)} is also the key of {what} ({screen})", hint)


def _suggest(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), 1)
    return f"did you mean {near[0]}?" if near else ""


def list_actions(screens: Screens, keymap: Keymap) -> Iterable[tuple[str, Sequence[str], str]]:
    """Yield each action that has keys to choose, its keys as they are written, and where and what it does."""
    found: dict[str, list[tuple[str, Binding]]] = {}
    for screen, bindings in screens.items():
        for one in bindings:
            if one.id:
                found.setdefault(one.id, []).append((screen, one))
    for action, places in found.items():
        names = [screen for screen, _ in places]
        where = "everywhere" if {"queue", "session", "review"}.issubset(names) else ", ".join(names)
        effects = dict.fromkeys(one.tooltip for _, one in places)
        keys = [spell_key(key) for key in list_keys(places[0][1], keymap)]
        yield action, keys, f"{where}: {' / '.join(effects)}"

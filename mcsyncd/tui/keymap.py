"""Bindings, and the keys that a person chose instead of theirs, as people read them. Pure.

A screen's list of bindings is the only place that says which key does what: Textual reads it, and so do the
help, the last lines and every sentence that names a key. Of a binding, `id` is the name of its action in
the app file, `tooltip` what the help says, and `description` the word in the last lines.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain, zip_longest

from textual.binding import Binding
from textual.keys import format_key

Keymap = Mapping[str, str]
"""Keys that a person chose, separated by commas, by the name of the action: what `App.set_keymap` takes."""

KeyHint = tuple[str, str]
"""A key, and what it does."""

KEY_NAMES = {
    character: next(iter(Binding.make_bindings([(character, "")]))).key
    for character in string.punctuation
    if character != ","
} | {",": "comma"}
"""Textual's long form of each punctuation character: `?` is `question_mark`."""
_CHARACTERS = {name: character for character, name in KEY_NAMES.items()}
_ARROWS = set("←→↑↓")


def build_binding(name: str, keys: str, action: str, effect: str, hint: str = "") -> Binding:
    """Return a binding whose keys a person can choose: `name` is the action's in the app file.

    Bindings that stand side by side with the same `effect` or `hint` share a line of the help or a hint.
    """
    return Binding(keys, action, hint, show=False, tooltip=effect, id=name)


def list_keys(binding: Binding, keymap: Keymap) -> tuple[str, ...]:
    """Return the keys of a binding in Textual's long form, the chosen ones if there are any."""
    return _split_keys(keymap.get(binding.id or "", binding.key))


@cache  # a held nudge shows all hints thirty times a second
def _split_keys(keys: str) -> tuple[str, ...]:
    return tuple(each.key for each in Binding.make_bindings([(keys, "")]))


@cache  # as above
def label_key(key: str) -> str:
    """Return a key as it is shown: `←`, `?`, `shift+→`, `esc`."""
    *modifiers, base = key.split("+")
    return "+".join([*modifiers, base if base == "enter" else format_key(base)])


def spell_key(key: str) -> str:
    """Return a key as it is written in the app file: a character by itself, others by their name."""
    return _CHARACTERS.get(key, key)


def build_labels(bindings: Iterable[Binding], keymap: Keymap) -> dict[str, str]:
    """Return the first key of each action as it is shown, by the action's name."""
    return {one.id: label_key(list_keys(one, keymap)[0]) for one in bindings if one.id}


def build_help(bindings: Iterable[Binding], keymap: Keymap) -> list[KeyHint]:
    """Return every key with its effect; bindings of the same effect share a line."""
    groups: dict[str, list[list[str]]] = {}
    for one in bindings:
        if one.tooltip:
            groups.setdefault(one.tooltip, []).append([label_key(key) for key in list_keys(one, keymap)])
    return [
        ("  ".join(" ".join(filter(None, keys)) for keys in zip_longest(*found)), effect)
        for effect, found in groups.items()
    ]


def build_hints(
    bindings: Iterable[Binding], keymap: Keymap, texts: Mapping[str, str] | None = None
) -> list[KeyHint]:
    """Return the first key of each binding that has a hint; `texts` replaces hints, by the action's name."""
    groups: dict[str, list[str]] = {}
    for one in bindings:
        if hint := (texts or {}).get(one.id or "", one.description):
            groups.setdefault(hint, []).append(label_key(list_keys(one, keymap)[0]))
    return [(_join(keys), hint) for hint, keys in groups.items()]


def _join(keys: Sequence[str]) -> str:
    return ("" if set(chain(*keys)) <= _ARROWS else " ").join(keys)

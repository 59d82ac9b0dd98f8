"""YAML read with suspicion, and with the place of every value remembered.

PyYAML's safe loader still lets the last of two equal keys win silently, expands alias bombs, and
reads `12:30:00` as the number 45000 and `on` as True. Here duplicate keys, anchors and aliases
are refused, scalars follow the YAML 1.2 core schema, and size and depth are capped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from mcsyncd.errors import ConfigError
from mcsyncd.model.text import visible

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """A document and the line (from 1) on which each value of it begins."""

    path: Path
    document: object
    lines: Mapping[Path_, int]

    def line(self, place: Path_) -> int:
        """Return the line of `place`, or of the nearest thing around it that is written down."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def problem(self, place: Path_, message: str, hint: str = "") -> str:
        """Return one problem as `file:line: dotted.path: message (hint)`."""
        dotted = ".".join(str(part) for part in place) or "document"
        tail = f" ({hint})" if hint else ""
        return visible(f"{self.path}:{self.line(place)}: {dotted}: {message}{tail}", 600)


class _Loader(yaml.SafeLoader):
    """Scalars by the YAML 1.2 core schema: no sexagesimal, no octal 0123, no yes/no/on/off."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # PyYAML's own class attribute, replaced as a whole


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node), 10)


_Loader.add_constructor("tag:yaml.org,2002:int", _decimal)


def read(path: Path) -> Located:
    """Read one YAML file.

    Raises ConfigError, with every problem as a line, when the file is missing, too large, not
    UTF-8, not YAML, or uses what is refused here.
    """
    return parse(path, _text(path))


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "name the settings file with --config FILE") from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES // 1024} KiB", "this is not a settings file")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}", "save the file as UTF-8") from error


def parse(path: Path, text: str) -> Located:
    """Parse YAML text; `path` is only for the messages. Raises ConfigError."""
    problems: list[str] = []
    lines: dict[Path_, int] = {}
    document: object = None
    try:
        _refuse_bombs(text)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is not None:
                _walk(node, (), lines, problems, path)
                if not problems:
                    document = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problems.append(visible(f"{path}:{line}: document: {error.problem or 'not YAML'}", 600))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problems.append(visible(f"{path}:1: document: {error}", 600))
    if problems:
        raise ConfigError(f"{path}: {len(problems)} problem(s)", "mend the lines above", tuple(problems))
    return Located(path, document, lines)


class _Refused(yaml.MarkedYAMLError):
    """YAML that is allowed elsewhere and refused here."""


def _refuse_bombs(text: str) -> None:
    """Walk the events, which costs no memory, before anything is built from them."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None):
            raise _refused("anchors and aliases are refused (write the value out)", event)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _refused("nested too deeply", event)


def _refused(problem: str, event: yaml.Event) -> _Refused:
    refusal = _Refused(problem=problem)
    refusal.problem_mark = event.start_mark  # type: ignore[assignment]  # the C parser's mark has the same fields
    return refusal


def _walk(node: yaml.Node, place: Path_, lines: dict[Path_, int], problems: list[str], path: Path) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*place, index), lines, problems, path)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in seen:
                dotted = ".".join(str(part) for part in (*place, name))
                problems.append(visible(f"{path}:{line}: {dotted}: written twice (keep one)", 600))
            seen.add(name)
            lines[(*place, name)] = line
            _walk(value, (*place, name), lines, problems, path)

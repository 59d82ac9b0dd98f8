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
from mcsyncd.model.text import escape_text

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class LocatedDocument:
    """A document and the line (from 1) on which each value of it begins."""

    path: Path
    document: object
    lines: Mapping[KeyPath, int]

    def find_line(self, key_path: KeyPath) -> int:
        """Return the line of `place`, or of the nearest thing around it that is written down."""
        while key_path and key_path not in self.lines:
            key_path = key_path[:-1]
        return self.lines.get(key_path, 1)

    def format_problem(self, key_path: KeyPath, message: str, hint: str = "") -> str:
        """Return one problem as `file:line: dotted.path: message (hint)`."""
        dotted = ".".join(str(part) for part in key_path) or "document"
        tail = f" ({hint})" if hint else ""
        return escape_text(f"{self.path}:{self.find_line(key_path)}: {dotted}: {message}{tail}", 600)


class _StrictLoader(yaml.SafeLoader):
    """Scalars by the YAML 1.2 core schema: no sexagesimal, no octal 0123, no yes/no/on/off."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # PyYAML's own class attribute, replaced as a whole


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
):
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _construct_decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node), 10)


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _construct_decimal)


def read_yaml(path: Path) -> LocatedDocument:
    """Read one YAML file.

    Raises ConfigError, with every problem as a line, when the file is missing, too large, not
    UTF-8, not YAML, or uses what is refused here.
    """
    return parse_yaml(path, _read_text(path))


def _read_text(path: Path) -> str:
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


def parse_yaml(path: Path, text: str) -> LocatedDocument:
    """Parse YAML text; `path` is only for the messages. Raises ConfigError."""
    problems: list[str] = []
    lines: dict[KeyPath, int] = {}
    document: object = None
    try:
        _refuse_bombs(text)
        loader = _StrictLoader(text)
        try:
            node = loader.get_single_node()
            if node is not None:
                _record_lines(node, (), lines, problems, path)
                if not problems:
                    document = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problems.append(escape_text(f"{path}:{line}: document: {error.problem or 'not YAML'}", 600))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problems.append(escape_text(f"{path}:1: document: {error}", 600))
    if problems:
        raise ConfigError(f"{path}: {len(problems)} problem(s)", "mend the lines above", tuple(problems))
    return LocatedDocument(path, document, lines)


class _RefusedYaml(yaml.MarkedYAMLError):
    """YAML that is allowed elsewhere and refused here."""


def _refuse_bombs(text: str) -> None:
    """Walk the events, which costs no memory, before anything is built from them."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None):
            raise _build_refusal("anchors and aliases are refused (write the value out)", event)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _build_refusal("nested too deeply", event)


def _build_refusal(problem: str, event: yaml.Event) -> _RefusedYaml:
    refusal = _RefusedYaml(problem=problem)
    refusal.problem_mark = event.start_mark  # type: ignore[assignment]  # the C parser's mark has the same fields
    return refusal


def _record_lines(
    node: yaml.Node, key_path: KeyPath, lines: dict[KeyPath, int], problems: list[str], path: Path
) -> None:
    lines.setdefault(key_path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _record_lines(item, (*key_path, index), lines, problems, path)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in seen:
                dotted = ".".join(str(part) for part in (*key_path, name))
                problems.append(escape_text(f"{path}:{line}: {dotted}: written twice (keep one)", 600))
            seen.add(name)
            lines[(*key_path, name)] = line
            _record_lines(value, (*key_path, name), lines, problems, path)

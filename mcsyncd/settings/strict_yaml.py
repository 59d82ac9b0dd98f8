"""A strict YAML reader that remembers the line of every value.

PyYAML's safe loader silently lets the last of two equal keys win, expands alias bombs, and reads
`12:30:00` as the number 45000 and `on` as True. This reader rejects duplicate keys, anchors and
aliases, reads scalars by the YAML 1.2 core schema, and limits size and depth.
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
"""Judgement: the sample settings have 2 KiB, so a larger file is not a settings file. Without a limit,
naming a video as settings by mistake would read all of it into memory."""

MAX_DEPTH = 20
"""Levels of nesting. Judgement: the settings nest three deep. PyYAML builds documents recursively, so
without a limit a few kilobytes of brackets exhaust Python's stack."""

MAX_PROBLEM_LENGTH = 600
"""Characters of one problem line. Judgement: longer than any real path and message together; a hostile
value cannot flood the terminal."""

KeyPath = tuple[str | int, ...]
"""Where a value is: the keys and list indices that lead to it from the top of the document."""


def build_config_error(path: Path, problems: tuple[str, ...]) -> ConfigError:
    """Return the error that lists all `problems` of the file `path`, one a line."""
    return ConfigError(f"{path}: {len(problems)} problem(s)", "fix the lines listed above", problems)


@dataclass(frozen=True, slots=True)
class LocatedDocument:
    """A document, and the line (from 1) on which each of its values begins."""

    path: Path
    document: object
    lines: Mapping[KeyPath, int]

    def find_line(self, key_path: KeyPath) -> int:
        """Return the line of `key_path`, or of its nearest parent that is in the file."""
        while key_path and key_path not in self.lines:
            key_path = key_path[:-1]
        return self.lines.get(key_path, 1)

    def format_problem(self, key_path: KeyPath, message: str, hint: str = "") -> str:
        """Return one problem as `file:line: dotted.path: message (hint)`."""
        dotted = ".".join(str(part) for part in key_path) or "document"
        suffix = f" ({hint})" if hint else ""
        line = self.find_line(key_path)
        return escape_text(f"{self.path}:{line}: {dotted}: {message}{suffix}", MAX_PROBLEM_LENGTH)


class _StrictLoader(yaml.SafeLoader):
    """Reads scalars by the YAML 1.2 core schema: no sexagesimal, no octal 0123, no yes/no/on/off."""

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

    Raises ConfigError, with one line for each problem, when the file is missing, larger than
    `MAX_BYTES`, not UTF-8, not YAML, or uses a feature that this reader rejects.
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
    """Parse YAML text. `path` appears in messages only. Raises ConfigError like `read_yaml`."""
    problems: list[str] = []
    lines: dict[KeyPath, int] = {}
    document: object = None
    try:
        _reject_bombs(text)
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
        problems.append(_format_yaml_problem(path, line, error.problem or "not YAML"))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problems.append(_format_yaml_problem(path, 1, str(error)))
    if problems:
        raise build_config_error(path, tuple(problems))
    return LocatedDocument(path, document, lines)


def _format_yaml_problem(path: Path, line: int, message: str, dotted: str = "document") -> str:
    return escape_text(f"{path}:{line}: {dotted}: {message}", MAX_PROBLEM_LENGTH)


class _RejectedYaml(yaml.MarkedYAMLError):
    """Valid YAML that this reader rejects."""


def _reject_bombs(text: str) -> None:
    """Raise _RejectedYaml for aliases and deep nesting.

    Walks the parser's events, which takes no memory, before anything is built from them.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None):
            raise _build_rejection("anchors and aliases are not allowed (write the value out)", event)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _build_rejection("nested too deeply", event)


def _build_rejection(problem: str, event: yaml.Event) -> _RejectedYaml:
    rejection = _RejectedYaml(problem=problem)
    rejection.problem_mark = event.start_mark  # type: ignore[assignment]  # the C parser's mark has the same fields
    return rejection


def _record_lines(
    node: yaml.Node, key_path: KeyPath, lines: dict[KeyPath, int], problems: list[str], path: Path
) -> None:
    """Fill `lines` for `node` and everything below it, and add a problem for each duplicate key."""
    lines.setdefault(key_path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _record_lines(item, (*key_path, index), lines, problems, path)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key_node, value in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in keys:
                dotted = ".".join(str(part) for part in (*key_path, key))
                problems.append(_format_yaml_problem(path, line, "written twice (keep one)", dotted))
            keys.add(key)
            lines[(*key_path, key)] = line
            _record_lines(value, (*key_path, key), lines, problems, path)

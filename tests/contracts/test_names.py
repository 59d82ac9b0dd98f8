"""What a machine can check of the rules for names in CONTRIBUTING.md, and of the glossary."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in sorted(ROOT.glob("mcsyncd/**/*.py"))
}
GLOSSARY = ROOT / "docs" / "glossary.md"

PARTICIPLE = re.compile(
    r"[a-z0-9]*(?:[a-z]ed|born|borne|brought|built|caught|chosen|done|drawn|found|given|gone|gotten|heard|held|kept|"
    r"known|laid|led|left|lost|made|met|paid|risen|said|seen|sent|shown|spent|spoken|taken|thrown|told|won|written)"
)
VERBS = frozenset({"embed", "exceed", "feed", "need", "proceed", "seed"})
"""They end like participles and are none."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield f"{module}:{node.lineno}", node


def is_participle(name: str) -> bool:
    return PARTICIPLE.fullmatch(name) is not None and name not in VERBS


def test_no_class_name_is_used_twice():
    defined = defaultdict(list)
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                defined[node.name].append(f"{module}:{node.lineno}")
    assert not {name: places for name, places in defined.items() if len(places) > 1}


def test_no_function_is_called_underscore():
    assert not [place for place, function in functions() if function.name == "_"]


def is_property(function: Function) -> bool:
    """A property is a value, so it may be named like a state: `upload.completed`."""
    return any("property" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_no_function_is_a_bare_participle():
    """`opened(path)` does not say whether it opens, has opened or asks; `open_media(path)` does."""
    found = [
        f"{place}: {function.name}"
        for place, function in functions()
        if is_participle(function.name.strip("_")) and not is_property(function)
    ]
    assert not found


def test_participles_are_told_from_verbs():
    """The pattern itself: it would be useless if it matched nothing or everything."""
    assert all(is_participle(name) for name in ("opened", "told", "heard", "met", "laid", "kept"))
    assert not any(is_participle(name) for name in ("feed", "open_media", "publish", "choose_opened"))


def test_each_term_of_the_glossary_appears_once_and_in_order():
    terms = re.findall(r"^\| \*\*(.+?)\*\* \|", GLOSSARY.read_text(), re.MULTILINE)
    assert len(terms) == len({term.lower() for term in terms})
    assert terms == sorted(terms, key=str.lower)
    assert len(terms) >= 30

"""The hops and files that the documents name exist in the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "mcsyncd"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
HOPS = sorted(set(re.findall(r"`([\w/]+\.py):([\w.]+)`", ARCHITECTURE)))


def defined_names(path: Path) -> set[str]:
    """Functions and classes of a module, methods as `Class.method`."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
            inner = node.body if isinstance(node, ast.ClassDef) else []
            names |= {f"{node.name}.{one.name}" for one in inner if hasattr(one, "name")}
    return names


@pytest.mark.parametrize("hop", HOPS, ids=":".join)
def test_hops_of_the_architecture_exist(hop):
    module, name = hop
    assert name in defined_names(PACKAGE / module)


@pytest.mark.parametrize("document", [ARCHITECTURE, GLOSSARY], ids=["architecture", "glossary"])
def test_modules_that_the_documents_name_exist(document):
    named = {
        path for path in re.findall(r"`([\w/]+\.py|[\w/]+/)[`:]", document) if not path.startswith("work/")
    }
    missing = sorted(p for p in named if not (PACKAGE / p).exists() and not (ROOT / p).exists())
    assert not missing


def test_a_decision_takes_fewer_hops_than_before_the_rewrite():
    """There were 13, six of them functions called decide."""
    section = ARCHITECTURE.split("## One decision")[1].split("\n## ")[0]
    hops = re.findall(r"^\| `[\w/]+\.py:([\w.]+)` \|", section, re.MULTILINE)
    assert 0 < len(hops) < 13
    assert sum(hop.rpartition(".")[2] == "decide" for hop in hops) <= 2

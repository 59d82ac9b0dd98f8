"""A new fact, event, job, result, decision or reason without a rule does not pass the type checker."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEW_CASES = {
    # The module that holds the union, the union, and the functions that must reject a new member.
    "mcsyncd/model/facts.py": [
        ("Fact", {"mcsyncd/model/objection.py", "mcsyncd/model/decide.py"}),
        ("JobResult", {"mcsyncd/model/decide.py"}),
    ],
    "mcsyncd/model/events.py": [("Event", {"mcsyncd/model/evolve.py"})],
    "mcsyncd/model/jobs.py": [("Job", {"mcsyncd/workers/perform.py"})],
    "mcsyncd/api/requests.py": [("DecisionRequest", {"mcsyncd/daemon/decision_facts.py"})],
}
CHECKED = ("mcsyncd/model", "mcsyncd/workers", "mcsyncd/daemon")
NEW_CLASS = '''

@dataclass(frozen=True, slots=True)
class New{union}({base}):
    """A member that nobody has a rule for."""

    at: str = ""
    job: str = ""
    stage: str = ""
    subject: str = ""
    session: str = ""
    id: str = ""
    kind: str = ""
    action: str = ""
'''


def add_member(text: str, union: str) -> str:
    """Return the module's text with a class added before the union, and to the union."""
    found = re.search(rf"^{union} = (?:Annotated\[|\(\s*)?", text, re.MULTILINE)
    assert found, union
    new_class = NEW_CLASS.format(union=union, base="").replace("()", "")
    with_member = f"{text[: found.end()]}New{union} | {text[found.end() :]}"
    at = found.start()
    return f"{with_member[:at].rstrip()}{new_class}\n\n{with_member[at:]}"


@pytest.fixture(scope="module")
def errors(tmp_path_factory) -> str:
    """What mypy says of a copy of the package to whose unions a member was added."""
    copy = tmp_path_factory.mktemp("closed")
    shutil.copytree(ROOT / "mcsyncd", copy / "mcsyncd", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name, unions in NEW_CASES.items():
        path = copy / name
        text = path.read_text()
        for union, _ in unions:
            text = add_member(text, union)
        if "import dataclass" not in text:
            text = text.replace("from __future__ import annotations\n", f"{_DATACLASS}\n", 1)
        path.write_text(text)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--no-incremental",
            "mcsyncd/model",
            "mcsyncd/workers",
            "mcsyncd/daemon",
        ],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


_DATACLASS = "from __future__ import annotations\n\nfrom dataclasses import dataclass"


@pytest.mark.parametrize(
    ("union", "module"),
    sorted(
        (union, module) for unions in NEW_CASES.values() for union, modules in unions for module in modules
    ),
)
def test_a_member_without_a_rule_is_a_type_error(errors, union, module):
    lines = [line for line in errors.splitlines() if line.startswith(f"{module}:")]
    assert any(f'"New{union}"' in line and "assert_never" in line for line in lines), errors[-3000:]


def test_a_reason_without_a_sentence_is_a_type_error(tmp_path):
    text = (ROOT / "mcsyncd/model/reason.py").read_text()
    module = tmp_path / "reason.py"
    module.write_text(text.replace('    ECHO = "echo"\n', '    ECHO = "echo"\n    NEW = "new"\n'))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", str(module)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "assert_never" in done.stdout
    assert "ReasonCode.NEW" in done.stdout

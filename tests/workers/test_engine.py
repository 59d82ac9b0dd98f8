"""Encoding goes on where dask cannot be loaded: the machines are missed, the work is not."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from nodes import CAN_MAKE_NAMESPACES

ASK = """
from pathlib import Path
from mcsyncd.errors import ConfigError
from mcsyncd.workers.engine import ClusterEngine, open_segment_executor, survey_engine
engine = ClusterEngine("tls://127.0.0.1:1", *[Path("none.pem")] * 3, Path("cluster"))
with open_segment_executor(engine, "cam_a/A001.MOV", 1 << 60) as executor:
    print("executor:", executor)
try:
    survey_engine(engine)
except ConfigError as error:
    print("survey:", error)
"""


def ask(*before: str, code: str = "") -> str:
    command = [*before, sys.executable, "-c", code + ASK]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "cam_a/A001.MOV: encoded on this machine" in done.stderr
    return done.stdout


def test_without_the_extra_this_machine_encodes_and_the_survey_says_what_to_install():
    told = ask(code="import sys; sys.modules['distributed'] = None")
    assert "executor: None" in told
    assert "(install mcsyncd[cluster], or set workers to {kind: processes})" in told


@pytest.mark.skipif(not CAN_MAKE_NAMESPACES or shutil.which("unshare") is None, reason="mounting needs root")
def test_in_a_unit_that_hides_the_machine_the_survey_names_the_directive():
    """dask reads /proc/meminfo while it is imported; ProcSubset=pid hides it."""
    mount = 'mount -t proc -o subset=pid proc /proc && exec "$@"'
    told = ask("unshare", "-m", "sh", "-c", mount, "sh")
    assert "executor: None" in told
    assert "/proc/meminfo" in told
    assert "ProcSubset=all" in told

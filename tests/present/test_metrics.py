"""The metrics: readable for Prometheus, and what the samples in docs/ ask for exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tui import scenes

from mcsyncd import api
from mcsyncd.model.session import State
from mcsyncd.present.metrics import DOWN, build_metrics, format_metrics

MONITORING = Path(__file__).parents[2] / "docs" / "monitoring"
NAME = re.compile(r"\bmcsyncd_[a-z_]+\b")
SAMPLE = re.compile(
    r'(?P<name>[a-z_]+)(?:\{(?P<labels>(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (?P<value>[0-9.e+-]+)'
)
"""A line of the text format, by prometheus.io/docs/instrumenting/exposition_formats."""


def read_samples(text):
    """Return the values by name and labels; fails for a line that Prometheus would refuse."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.match(r"# (HELP mcsyncd_\w+ .+|TYPE mcsyncd_\w+ gauge)$", line), line
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        key = match["name"] + (f"{{{match['labels']}}}" if match["labels"] else "")
        assert key not in found
        found[key] = float(match["value"])
    assert text.endswith("\n")
    return found


def test_the_status_is_told_in_numbers():
    folder = api.FolderBody(
        path="/srv",
        label="Cam A",
        health="offline",
        settling=[api.PendingFileBody(name="A.MOV", bytes=1, state="incomplete")],
    )
    alert = api.AlertBody(code="store_refused", level="error", message="m")
    found = read_samples(format_metrics(scenes.status(folders={"cam_a": folder}, alerts=[alert])))
    assert found["mcsyncd_up"] == 1
    assert found['mcsyncd_sessions{state="in_review"}'] == 2
    assert found['mcsyncd_sessions{state="failed"}'] == 0
    assert sum(key.startswith("mcsyncd_sessions{") for key in found) == len(State)
    assert found["mcsyncd_work_disk_free_bytes"] == 1_800_000_000_000
    assert found['mcsyncd_drop_folder_up{camera="cam_a"}'] == 0
    assert found['mcsyncd_drop_files{camera="cam_a",state="incomplete"}'] == 1
    assert found['mcsyncd_alerts{code="store_refused",level="error"}'] == 1
    assert found['mcsyncd_store_uploads{state="open",store="local"}'] == 1
    assert found["mcsyncd_start_time_seconds"] == 1795420800


def test_what_is_not_known_has_no_value():
    silent = scenes.status(storage={**dict(scenes.status().storage), "work_free_bytes": None})
    assert "mcsyncd_work_disk_free_bytes" not in read_samples(format_metrics(silent))


def test_a_daemon_that_does_not_answer_is_a_number_too():
    assert read_samples(DOWN) == {"mcsyncd_up": 0}


@given(st.text(), st.text(min_size=1))
def test_no_name_breaks_a_line(version, store):
    storage = {**dict(scenes.status().storage), "name": store}
    text = format_metrics(scenes.status(version=version, storage=storage))
    assert all(
        SAMPLE.fullmatch(line) or line.startswith("# ") for line in text.removesuffix("\n").split("\n")
    )


@pytest.mark.parametrize("name", ["rules.yaml", "dashboard.json"])
def test_each_metric_of_the_samples_exists(name):
    known = {metric.name for metric in build_metrics(scenes.status())}
    text = (MONITORING / name).read_text()
    rules = yaml.safe_load(text) if name.endswith("yaml") else json.loads(text)
    asked = {one for expr in list_expressions(rules) for one in NAME.findall(expr)}
    assert len(asked) >= 7
    assert asked <= known


def list_expressions(node):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from [value] if key == "expr" else list_expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from list_expressions(value)


def test_each_metric_is_documented():
    table = (MONITORING.parent / "metrics.md").read_text()
    assert {metric.name for metric in build_metrics(scenes.status())} == set(NAME.findall(table))

"""`mcsyncd selftest` on real files, as a user calls it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from multiprocessing import active_children
from time import monotonic
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

from hearing import RATE, as_int16, babble, taken, write_sound
from mcsyncd.align.selftest.material import Material
from mcsyncd.align.selftest.run import prove_pairs
from mcsyncd.cli.main import _run_command as run_command

COUNT = {"type": "integer", "minimum": 0}
SHARE = {
    "count": COUNT,
    "of": COUNT,
    "interval": {"type": "array", "items": {"type": "number"}, "minItems": 2},
}
DOCUMENT = {
    "type": "object",
    "required": [
        *("version", "seed", "seconds", "review_below", "tolerance_ms", "files", "pairs", "false_accepts"),
        *("kinds", "reliability", "cases", "summary"),
    ],
    "properties": {
        "false_accepts": {"type": "object", "required": list(SHARE), "properties": SHARE},
        "reliability": {
            "type": "array",
            "items": {"required": ["from", "to", "stated", *SHARE]},
            "minItems": 1,
        },
        "kinds": {"additionalProperties": {"required": ["cases", "right", "false_accepts", "held_back"]}},
    },
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """b began 10 s after a, at the same event; a stranger; and files that cannot be used."""
    folder = tmp_path_factory.mktemp("selftest")
    scene = babble(1, 60)
    sounds = {"a": taken(scene, 2, 32), "b": taken(scene, 12, 32, seed=2), "stranger": babble(9, 25)}
    sounds["again"] = taken(scene, 2.5, 32, seed=4)
    sounds |= {"short": babble(4, 5), "silent": np.zeros(20 * RATE)}
    made = {name: write_sound(folder / f"{name}.mov", [sound[None]], RATE) for name, sound in sounds.items()}
    made["broken"] = folder / "broken.mov"
    made["broken"].write_bytes(b"no movie at all" * 100)
    return made


def selftest(capfd, *arguments):
    code = run_command(["selftest", *map(str, arguments)])
    return code, capfd.readouterr()


def test_every_kind_of_case_is_right_on_clear_speech_and_the_originals_stay(files, capfd):
    before = {path: hashlib.sha256(path.read_bytes()).digest() for path in files.values()}
    code, said = selftest(
        capfd, files["a"], files["b"], "--other-event", files["stranger"], "--cases", 12, "--json"
    )
    assert code == 0, said.err
    found = json.loads(said.out)
    jsonschema.validate(found, DOCUMENT)
    (pair,) = found["pairs"]
    assert pair["offset_ms"] == pytest.approx(10_000, abs=0.5)
    assert {name: kind["cases"] for name, kind in found["kinds"].items()} == {
        "cut": 2, "clock": 2, "microphone": 1, "cameras": 1,
        "elsewhere": 2, "cameras_elsewhere": 2, "other_event": 2,
    }  # fmt: skip
    assert found["false_accepts"]["count"] == 0
    assert found["false_accepts"]["of"] == 12
    right = [case for case in found["cases"] if case["accepted"]]
    assert len(right) >= 5  # of six with an answer: a short overlap may be held back
    assert all(abs(case["offset_ms"] - case["true_offset_ms"]) < found["tolerance_ms"] for case in right)
    assert {path: hashlib.sha256(path.read_bytes()).digest() for path in files.values()} == before


def test_the_same_seed_gives_the_same_answer(files, capfd):
    documents = []
    for _ in range(2):
        code, said = selftest(capfd, files["a"], "--cases", 3, "--seed", 5, "--json")
        assert code == 0, said.err
        documents.append(json.loads(said.out))
        documents[-1].pop("seconds")
    assert documents[0] == documents[1]


def test_a_false_accept_is_told_first_and_by_the_exit_code(files, capfd):
    """The user is mistaken here: what is called another event is this one, so any accept is wrong."""
    code, said = selftest(capfd, files["a"], "--other-event", files["again"], "--cases", 20)
    assert code == 1
    assert not said.out.startswith("false accepts: 0")
    assert "they share no moment" in said.out.splitlines()[1]
    assert "Looks Good was wrong in" in said.out


def test_pairs_that_take_too_long_are_left_out_and_counted(tmp_path):
    channel = tmp_path / "channel.s16"
    as_int16(babble(1, 40)).tofile(channel)
    one = Material("one", (str(channel),), 0, 40 * RATE, 40_000_000)
    said: list[str] = []
    reporter = SimpleNamespace(show_progress=lambda _: None, show_finding=said.append)
    begin = monotonic()
    assert prove_pairs([one, replace(one, name="two"), replace(one, name="three")], begin, reporter) == []
    assert "3 of 3 pairs of files were not compared in time" in said[0]
    assert not active_children()  # they were ended, not waited for


def test_files_that_cannot_be_used_are_named_and_the_rest_goes_on(files, capfd):
    unusable = [files[name] for name in ("short", "silent", "broken")]
    code, said = selftest(capfd, *unusable, files["a"], files["a"], "--cases", 2, "--json")
    assert code == 0, said.err
    problems = {one["name"]: one["problem"] for one in json.loads(said.out)["files"]}
    assert problems["a.mov"] is None
    assert "too short" in problems["short.mov"]
    assert "no usable sound" in problems["silent.mov"]
    for name in ("short.mov", "silent.mov", "broken.mov"):
        assert f"{name}: not used: {problems[name]}" in said.err
    assert "a.mov: named twice" in said.err


def test_without_any_usable_file_there_is_no_answer(files, capfd):
    code, said = selftest(capfd, files["silent"], files["short"])
    assert code == 6
    assert said.out == ""
    assert "none of the files can be used" in said.err


def test_a_file_cannot_be_of_this_event_and_of_another(files, capfd):
    code, said = selftest(capfd, files["a"], "--other-event", files["a"])
    assert code == 2
    assert "a.mov" in said.err


def test_the_plot_is_drawn_and_nothing_else_is_overwritten(files, tmp_path, capfd):
    plot = tmp_path / "plot.png"
    for _ in range(2):  # an earlier plot is replaced
        code, said = selftest(capfd, files["a"], "--cases", 1, "--plot", plot)
        assert code == 0, said.err
        assert plot.read_bytes().startswith(b"\x89PNG")
    code, said = selftest(capfd, files["a"], "--cases", 1, "--plot", files["b"])
    assert code == 2
    assert "would overwrite" in said.err

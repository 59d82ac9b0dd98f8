"""What a file of a stranger obtains from the commands that decode it: nothing but its own output."""

from __future__ import annotations

import json
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from exploits import list_obtained
from footage import Shot, film, steady
from mcsyncd.cli.align import align_command
from mcsyncd.cli.conform import conform_command
from mcsyncd.cli.containment import tell_gaps
from mcsyncd.cli.probe import probe_command
from mcsyncd.cli.profile_trials import try_profiles
from mcsyncd.errors import BadMedia, IntegrityError
from mcsyncd.workers import contained_conform, contained_stages
from mcsyncd.workers.sandbox import kernel, support

contained = pytest.mark.skipif(
    kernel.read_landlock_version() == 0 or not kernel.has_filters(), reason="this kernel cannot contain"
)


@pytest.fixture
def source(tmp_path) -> Path:
    return film(tmp_path / "clip.mp4", Shot(steady(25, 1), (0, 1), sound_codec="aac"))


@contained
@pytest.mark.parametrize("stage", ["mcsyncd.probe.probe.probe_clip", "mcsyncd.conform.trial.try_profile"])
def test_an_exploit_in_a_command_obtains_nothing(stage, source, tmp_path, monkeypatch):
    key, out = tmp_path / "id_rsa", tmp_path / "out"
    key.write_text("mine")
    attacks = {
        "the person's keys": key.read_text,
        "the environment of the command": lambda: os.open(f"/proc/{os.getppid()}/environ", os.O_RDONLY),
        "a file of the person": (tmp_path / "made").touch,
        "the network": socket.socket,
        "a program": lambda: os.execv("/bin/true", ["true"]),
    }

    def exploit(*_args, **_options):
        raise BadMedia(f"obtained: {list_obtained(attacks)}", "")

    monkeypatch.setattr(stage, exploit)
    calls = [(try_profiles, ["proxy-540p", str(source)])]
    if "probe" in stage:
        calls += [
            (probe_command, [str(source)]),
            (conform_command, [str(source), "--profile", "proxy-540p", "--out", str(out)]),
        ]
    for command, words in calls:
        refused = CliRunner().invoke(command, words).exception
        assert isinstance(refused, BadMedia)
        assert refused.message == "obtained: []", command.name
    if "probe" in stage:
        monkeypatch.setattr("mcsyncd.cli.align.prepare_process", lambda: None)  # this one is the tests'
        told = CliRunner().invoke(align_command, [f"a={source}", f"b={tmp_path / 'clip.mp4'}", f"c={source}"])
        assert "obtained: []" in told.stderr
    assert list_obtained({"the person's keys": key.read_text}), "outside, there is something to obtain"


@contained
def test_conform_cannot_touch_what_else_lies_in_the_folder(source, tmp_path, monkeypatch):
    """Not even when the clip itself lies there."""
    precious = tmp_path / "precious.mov"
    precious.write_text("mine")
    encode = contained_conform.conform_with_profiles

    def exploit(*args, **options):
        attacks = {"another file": lambda: precious.write_text("x"), "the clip": source.unlink}
        raise BadMedia(f"obtained: {list_obtained(attacks)}", "")

    monkeypatch.setattr(contained_conform, "conform_with_profiles", exploit)
    words = [str(source), "--profile", "proxy-540p", "--out", str(tmp_path)]
    assert CliRunner().invoke(conform_command, words).exception.message == "obtained: []"

    def lie(*args, folder, **options):
        """Have the command put a file in the place of another."""
        made = encode(*args, folder=folder, **options)
        (rendition,) = made.renditions
        Path(rendition.path).rename(folder / "precious.mov")
        return replace(made, renditions=(replace(rendition, path=str(folder / "precious.mov")),))

    monkeypatch.setattr(contained_conform, "conform_with_profiles", lie)
    refused = CliRunner().invoke(conform_command, words).exception
    assert isinstance(refused, IntegrityError)
    assert "precious.mov" in refused.message
    assert precious.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "precious.mov"]


def test_conform_leaves_what_it_made_and_nothing_else(source, tmp_path):
    out = tmp_path / "out"
    words = [str(source), "--profile", "proxy-540p", "--out", str(out), "--json"]
    told = json.loads(CliRunner().invoke(conform_command, words).stdout)
    assert told["proof"]["sidecar"]["path"] == f"{told['path']}.json"
    assert {path.name for path in out.iterdir()} == {
        "clip.proxy.mp4", "clip.proxy.mp4.json", "clip.sprites"
    }  # fmt: skip
    assert (out / "clip.sprites").is_dir()


def test_a_crash_of_the_decoder_is_told_as_the_files(source, monkeypatch):
    monkeypatch.setattr("mcsyncd.probe.probe.probe_clip", lambda _path: os.abort())
    refused = CliRunner().invoke(probe_command, [str(source)]).exception
    assert isinstance(refused, BadMedia)
    assert "clip.mp4: the decoder crashed on it: SIGABRT" in refused.message


def test_where_nothing_can_be_contained_commands_run_as_they_are(source, monkeypatch):
    monkeypatch.setattr(contained_stages, "can_contain", lambda: False)
    monkeypatch.setattr(contained_stages, "run_contained", None)
    assert CliRunner().invoke(probe_command, [str(source)]).exit_code == 0


def test_what_is_missing_is_told_in_one_line_on_a_terminal_alone(monkeypatch, capsys):
    monkeypatch.setattr(kernel, "read_landlock_version", lambda: 0)
    tell_gaps()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    tell_gaps()
    said = capsys.readouterr().err
    assert "no Landlock" in said
    assert said.count("\n") == 1
    monkeypatch.setattr(support.sys, "platform", "darwin")
    assert support.list_gaps()[0].startswith("no Linux")

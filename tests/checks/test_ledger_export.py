"""The exported event log: complete, checked without any of our code, and signed only if it is whole."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from checks.stored_session import SESSION
from store.test_ledger import edit, record_session

from line import CONFIG, ROOT
from mcsyncd.checks.ledger_export import check_signing_key
from mcsyncd.cli.main import _run_command as run_command
from mcsyncd.store.ledger import Ledger

VERIFIER = ROOT / "docs" / "verify_log.py"
OTHER = "20261124-101500-b2c"


@pytest.fixture
def config(tmp_path) -> Path:
    """The settings of a machine whose ledger has two sessions."""
    options = {"work": "w", "socket": "s", "quiet": "1s", "conform": "confident", "users": "kim"}
    text = CONFIG.format(**options, profiles=ROOT / "profiles", storage="{kind: local, path: bucket}")
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with Ledger(tmp_path / "var" / "state", "1.0") as ledger:
        record_session(ledger, SESSION)
        record_session(ledger, OTHER)
    return path


@dataclass
class Done:
    """What a command returned and printed."""

    exit_code: int
    output: str


def export(config, name="log.jsonl", *more):
    target, said = config.parent / name, StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        exit_code = run_command(["--config", str(config), "log", *more, "--export", str(target)])
    return Done(exit_code, said.getvalue()), target


def verify(path) -> subprocess.CompletedProcess:
    """Run the verifier as someone without mcsyncd does."""
    command = [sys.executable, "-I", "-S", VERIFIER, path]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def find_ledger(config) -> Path:
    return config.parent / "var" / "state" / "ledger.db"


def test_an_export_has_every_event_and_the_verifier_needs_nothing_of_ours(config):
    done, target = export(config)
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    with closing(sqlite3.connect(find_ledger(config))) as db:
        rows = db.execute("SELECT seq, session_id, kind, body, hash FROM event ORDER BY seq").fetchall()
    assert [
        tuple(line[name] for name in ("seq", "session_id", "kind", "body", "hash")) for line in lines[:-1]
    ] == rows
    checked = verify(target)
    assert (checked.returncode, checked.stdout) == (0, f"intact: {len(rows)} events, head {rows[-1][-1]}\n")
    assert len(VERIFIER.read_text().splitlines()) <= 40


def test_the_same_ledger_gives_the_same_bytes_and_a_longer_one_begins_with_them(config):
    (_, first), (_, second) = export(config, "one"), export(config, "two")
    assert first.read_bytes() == second.read_bytes()
    with Ledger(find_ledger(config).parent, "1.1") as ledger:
        record_session(ledger, "20261125-101500-c3d")
    _, longer = export(config, "three")
    events = first.read_text().splitlines()[:-1]
    assert longer.read_text().splitlines()[: len(events)] == events


def drop_line(lines):
    return lines[:2] + lines[3:]


def cut_end(lines):
    return lines[:-1]


def cut_events_and_mend_the_count(lines):
    end = json.loads(lines[-1])
    return [*lines[:-2], json.dumps(end | {"events": end["events"] - 1})]


def change_a_body(lines):
    event = json.loads(lines[1])
    event["body"] = event["body"].replace("{", '{"approved_by":"eve",', 1)
    return [lines[0], json.dumps(event), *lines[2:]]


def swap_lines(lines):
    return [lines[1], lines[0], *lines[2:]]


def append_an_event(lines):
    return [*lines, lines[0]]


def hide_a_column(lines):
    event = json.loads(lines[1])
    del event["at"]
    return [lines[0], json.dumps(event), *lines[2:]]


@pytest.mark.parametrize(
    "tamper",
    [
        drop_line, cut_end, cut_events_and_mend_the_count, change_a_body, swap_lines, append_an_event,
        hide_a_column,
    ],
)  # fmt: skip
def test_the_verifier_finds_what_was_changed(tamper, config):
    _, target = export(config)
    target.write_text("\n".join(tamper(target.read_text().splitlines())) + "\n")
    checked = verify(target)
    assert checked.returncode == 1
    assert checked.stderr.startswith("NOT INTACT: ")


def test_an_export_never_replaces_a_file(config):
    (config.parent / "log.jsonl").write_text("mine")
    done, target = export(config)
    assert done.exit_code == 2
    assert target.read_text() == "mine"


@pytest.mark.parametrize("more", [(SESSION,), ("--json",)])
def test_a_part_of_a_chain_is_not_exported(more, config):
    done, target = export(config, "log.jsonl", *more)
    assert done.exit_code == 2
    assert not target.exists()


@pytest.fixture
def key(config) -> Path:
    """A key of the machine, named in its settings."""
    if not shutil.which("ssh-keygen"):
        pytest.skip("OpenSSH is not installed")
    key = config.parent / "log_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    config.write_text(f"{config.read_text()}\nledger: {{signing_key: {key}}}\n")
    return key


def check_signature(key, target) -> bool:
    signers = key.with_name("allowed_signers")
    signers.write_text(f"mcsync {key.with_name('log_key.pub').read_text()}")
    command = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", "mcsync", "-n", "mcsyncd-log"]
    with target.open("rb") as content:
        command += ["-s", f"{target}.sig"]
        return subprocess.run(command, stdin=content, capture_output=True, check=False).returncode == 0


def test_openssh_checks_the_signature(config, key):
    done, target = export(config)
    assert done.exit_code == 0, done.output
    assert "signed in log.jsonl.sig" in done.output
    assert check_signature(key, target)
    target.write_bytes(target.read_bytes() + b"\n")
    assert not check_signature(key, target)


def test_a_broken_log_is_exported_but_not_signed(config, key):
    edit(find_ledger(config).parent, "UPDATE event SET at = '2020-01-01' WHERE seq = 2")
    done, target = export(config)
    assert done.exit_code == 1
    assert "event 2" in done.output
    assert "not signed, because the chain is broken" in done.output
    assert verify(target).returncode == 1
    assert not target.with_name("log.jsonl.sig").exists()


def test_a_key_that_does_not_work_is_named_and_the_export_stays(config, key):
    key.write_text("no key")
    done, target = export(config)
    assert done.exit_code == 1
    assert str(key) in done.output
    assert "not signed" in done.output
    assert verify(target).returncode == 0


@pytest.mark.parametrize(("passphrase", "status"), [("", "ok"), ("secret", "warn")])
def test_doctor_tries_the_key_and_asks_nobody(passphrase, status, key):
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", passphrase, "-f", key], check=True)
    (result,) = check_signing_key(key)
    assert result.status == status
    assert str(key) in result.message


def test_what_cannot_be_read_is_said(config):
    find_ledger(config).write_bytes(b"not a database, but some text" * 200)
    done, target = export(config)
    assert done.exit_code == 1
    assert "mcsyncd verify log" in done.output
    assert not target.exists()

"""A start that was killed anywhere: the next one opens the ledger, with all that was in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from store.test_backup import SESSION, make_first_schema
from store.test_ledger import record_session

from mcsyncd.store.backup import back_up_daily
from mcsyncd.store.ledger import Ledger
from nursery import build_environ, find_compiler


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler for the library that kills")
def test_a_start_that_was_killed_at_any_change_of_the_disk_is_made_good_by_the_next(tmp_path):
    templates, place = tmp_path / "templates", tmp_path / "place"
    place.mkdir()
    (templates / "no ledger yet").mkdir(parents=True)
    make_first_schema(templates / "an older schema")
    with Ledger(tmp_path / "daily", "1.0") as ledger:
        record_session(ledger, SESSION)
        copy = back_up_daily(ledger.path, tmp_path, 1, "20261201")
    restored = templates / "a copy, restored by hand"
    restored.mkdir()
    (restored / "ledger.db").write_bytes(copy.read_bytes())
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed_start.py"), templates, place],
        env=build_environ(tmp_path),
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(done.stdout)
    assert {name: one["faults"] for name, one in found.items()} == {name: [] for name in found}
    assert all(one["kills"] >= 5 for one in found.values()), found
    assert len(found) == 3

"""What several of these tests begin with: a daemon that has published a session."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from line import Line


@pytest.fixture(scope="session")
def shot(tmp_path_factory, shoot) -> tuple[Path, dict]:
    """The folder of a daemon that published a session and stopped, and that session.

    `old.db` in it is the ledger from before the approval.
    """
    line = Line(tmp_path_factory.mktemp("recovery") / "home", forked=True).start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    line.stop()
    shutil.copy(line.home / "var/state/ledger.db", line.home / "old.db")
    line.start()
    line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]))
    line.wait(lambda: line.session()["is_safe"], "it is published and was read back", 120)
    published = line.session()
    line.stop()
    return line.home, published

"""`storage cost`: from a ledger as a daemon left it, and for a shoot that is planned."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from line import CONFIG, ME
from mcsyncd.cli.main import main
from mcsyncd.model import events as ev
from mcsyncd.model.evolve import replay_events
from mcsyncd.model.publishing import Publication
from mcsyncd.model.rendition import StoredObject
from mcsyncd.store.ledger import Ledger

ACCOUNT = "0" * 32
GB = 10**9
BUCKET = f"{{kind: r2, account_id: '{ACCOUNT}', bucket: footage}}"


@pytest.fixture
def config(tmp_path):
    def write(storage: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(
            CONFIG.format(
                work="work",
                socket="api.sock",
                quiet="1s",
                conform="confident",
                users=ME,
                profiles=str(Path(__file__).parents[2] / "profiles"),
                storage=storage,
            )
        )
        return path

    return write


def ask(capsys, config: Path, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["--config", str(config), "storage", "cost", *arguments])
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    return said.out


def record(state: Path, session: str, at: str, *objects: tuple[str, str, float]) -> None:
    """Record what a session stored, with key, kind and gigabytes of each object."""
    state.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(state, "test")
    stored = [
        ev.ObjectStored(at, StoredObject(f"v1/{session}/{key}", kind, round(size * GB), "0" * 64))
        for key, kind, size in objects
    ]
    published = ev.SessionPublished(at, Publication(1, f"v1/manifest/{session}/1.json", "0" * 64))
    events = (ev.SessionOpened(at, session), *stored, published)
    ledger.record(replay_events(events), events)
    ledger.close()


def test_a_folder_costs_nothing_and_says_so(config, capsys):
    folder = config("{kind: local, path: bucket}")
    assert "costs nothing" in ask(capsys, folder)
    assert "costs nothing" in json.loads(ask(capsys, folder, "--json"))["note"]


def test_a_planned_shoot_is_estimated_whatever_the_store(config, capsys):
    sizes = ("--originals", "540GB", "--mezzanines", "148.5GB", "--proxies", "8.1GB")
    for storage in ("{kind: local, path: bucket}", BUCKET):
        found = json.loads(ask(capsys, config(storage), *sizes, "--months", "2", "--json"))
        assert [Decimal(one["total"]) for one in found["months"]] == [Decimal("10.305")] * 2
    assert found["prices"]["date"] == "2026-08-03"


def test_what_is_stored_is_counted_by_group_and_session(config, capsys, tmp_path):
    settings = config(BUCKET)
    state = tmp_path / "var" / "state"
    record(state, "20200101-000000-aaa", "2020-01-01T00:00:00Z", ("a", "original", 60), ("b", "proxy", 1))
    record(
        state,
        "20200202-000000-bbb",
        "2020-02-02T00:00:00Z",
        ("c", "attached", 30),
        ("d", "mezzanine", 9),
        ("d", "mezzanine", 9),  # sent again after it was lost: stored once
    )
    found = json.loads(ask(capsys, settings, "--json"))
    assert {one["group"]: one["bytes"] for one in found["groups"]} == {
        "originals": 90 * GB,
        "mezzanines": 9 * GB,
        "proxies": GB,
        "rest": 0,
    }
    assert Decimal(found["months"][0]["storage"]) == Decimal("1.35")  # 100 GB, of which 10 are free
    assert [Decimal(one["month"]) for one in found["sessions"]] == [Decimal("0.8235"), Decimal("0.5265")]
    assert [one["total"] for one in found["months"]] == [found["months"][0]["total"]] * 3
    alone = json.loads(ask(capsys, settings, "--session", "20200101-000000-aaa", "--json"))
    assert Decimal(alone["months"][0]["storage"]) == Decimal("0.765")
    text = ask(capsys, settings)
    assert "2026-08-03" in text
    assert "not an invoice" in text


def test_a_session_without_objects_is_named(config, capsys, tmp_path):
    settings = config(BUCKET)
    record(tmp_path / "var" / "state", "20200101-000000-aaa", "2020-01-01T00:00:00Z")
    with pytest.raises(SystemExit) as ended:
        main(["--config", str(settings), "storage", "cost", "--session", "20200101-000000-bbb"])
    assert ended.value.code
    assert "20200101-000000-bbb has nothing in the store" in capsys.readouterr().err

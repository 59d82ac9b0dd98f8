"""Decision records are numbered without gaps, and each says its number."""

from __future__ import annotations

from pathlib import Path

RECORDS = sorted((Path(__file__).parents[2] / "docs" / "adr").glob("*.md"))


def test_decision_records_are_numbered_without_gaps():
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_the_heading_of_a_decision_record_has_the_number_of_its_file():
    headings = {record.name: record.read_text().partition(" ")[2] for record in RECORDS}
    assert all(text.startswith(f"{int(name[:4])}. ") for name, text in headings.items())

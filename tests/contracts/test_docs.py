"""What the documents say holds: links lead somewhere, settings are valid, commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mcsyncd.cli.main import COMMANDS
from mcsyncd.settings.problems import validate_document
from mcsyncd.settings.profiles import Profile
from mcsyncd.settings.refusals import REFUSED_KEYS, REFUSED_VALUES
from mcsyncd.settings.schema import Settings
from mcsyncd.settings.strict_yaml import parse_yaml

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*/README.md")])


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def page(request) -> Path:
    return request.param


def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_settings_in_the_text_are_valid(page):
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
        if "paths:" in block and "cameras:" in block:
            validate_document(Settings, parse_yaml(page, block))


def test_profiles_in_the_text_are_valid(page):
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
        if "kind:" in block and "video:" in block:
            validate_document(Profile, parse_yaml(page, block))


def test_every_refusal_of_a_profile_is_in_its_document():
    text = (ROOT / "docs" / "profiles.md").read_text()
    written = {key for keys in REFUSED_KEYS.values() for key in keys.split()}
    written |= {f"{key}: {value}" for key, value in REFUSED_VALUES}
    assert not {words for words in written if f"`{words}`" not in text}


def test_commands_in_the_text_exist(page):
    """In code spans and blocks; words of prose after the name are no commands."""
    blocks = re.findall(r"```([a-z]*)\n(.*?)```|`([^`\n]+)`", page.read_text(), re.DOTALL)
    code = "\n".join(span or text for language, text, span in blocks if language in {"", "sh", "console"})
    calls = re.findall(r"\bmcsyncd ((?:--\S+ \S+ )*)([a-z]+(?:-[a-z]+)*)\b", code)
    unknown = {command for _, command in calls} - set(COMMANDS)
    assert not unknown

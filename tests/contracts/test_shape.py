"""The shape of the code: what it loads at start-up, how large its modules are, what it says of itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "mcsyncd").rglob("*.py"))
HEAVY = ("scipy", "av", "boto3", "distributed")


def loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_help_loads_nothing_heavy():
    loaded = loaded_after(
        "from mcsyncd.cli.main import root_command\n"
        "root_command.main(['--help'], prog_name='mcsyncd', standalone_mode=False)"
    )
    assert not loaded & {*HEAVY, "numpy", "textual", "aiohttp", "pydantic"}


def test_the_terminal_app_starts_without_codecs_solver_or_store():
    loaded = loaded_after(
        """
import asyncio
from pathlib import Path
from mcsyncd.tui.app import McsyncApp

async def start():
    app = McsyncApp(Path("/nonexistent/api.sock"), read_only=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.3)

asyncio.run(start())
"""
    )
    assert "textual" in loaded
    assert not loaded & set(HEAVY)


def test_a_client_finds_the_socket_without_the_schema_of_the_settings(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("socket: api.sock\n")
    loaded = loaded_after(
        "from pathlib import Path\n"
        "from mcsyncd.cli.global_options import GlobalOptions\n"
        f"assert GlobalOptions(Path({str(file)!r})).socket == Path({str(tmp_path / 'api.sock')!r}).resolve()"
    )
    assert "yaml" in loaded
    assert not loaded & {*HEAVY, "numpy", "textual", "aiohttp", "pydantic"}


@pytest.mark.parametrize("command", ["sessions", "approve", "status", "show"])
def test_commands_that_call_the_daemon_load_nothing_heavy(command):
    loaded = loaded_after(f"import mcsyncd.cli.{command}, mcsyncd.client")
    assert not loaded & {*HEAVY, "numpy", "textual"}


def test_every_module_fits_in_the_head():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in MODULES
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert not long


def test_every_module_says_what_it_is_for():
    silent = [str(path) for path in MODULES if not path.read_text().lstrip().startswith('"""')]
    assert not silent


def test_suppressions_carry_their_reason():
    mark = re.compile(r"#\s*(?:noqa|type: ignore|pragma)[^#]*")
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in MODULES
        for number, text in enumerate(path.read_text().splitlines(), 1)
        if (found := mark.search(text))
        and "#" not in text[found.end() :]
        and not text.lstrip().startswith("# ruff")
    ]
    assert not bare


def test_only_the_one_function_makes_foreign_text_safe():
    """Markup is off wherever the terminal app shows text: no widget parses a name."""
    offenders = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "mcsyncd" / "tui").rglob("*.py")
        if re.search(r"markup\s*=\s*True|from_markup\(", path.read_text())
    ]
    assert not offenders

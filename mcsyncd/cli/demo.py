"""`mcsyncd demo`: the whole pipeline on a filmed shoot, from three cameras to a manifest."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.terminal_app import open_app
from mcsyncd.cli.terminals import are_terminals
from mcsyncd.demo.daemon_process import DaemonProcess
from mcsyncd.demo.progress_printer import ProgressPrinter
from mcsyncd.demo.truth import plan_takes
from mcsyncd.errors import McsyncError, Unreachable, UsageError
from mcsyncd.present.numbers import format_size

if TYPE_CHECKING:
    from mcsyncd.cli.session_follower import LivenessCheck
    from mcsyncd.demo.truth import Shoot
    from mcsyncd.settings.schema import Settings

_STARTUP_TIMEOUT_S = 20.0
"""Judgement. Too low, and the demo fails on a slow machine where everything works; too high, and a daemon
that hangs at its start keeps the demo waiting."""
_CARD_COPY_S = 8.0
"""Judgement: about what a card reader takes for a short clip. Files must grow while the daemon watches,
or the demo would not show that it waits for complete files."""
_CLOSING_LINE = "The demo is complete: the session is published. Next: docs/operations.md"
"""What the app says at the end; with its glyph it fits in 80 cells."""


@click.command()
@click.option("--headless", is_flag=True, help="Print and approve here instead of opening the terminal app.")
@click.option(
    "--seconds", type=click.FloatRange(12, 3600), default=75.0, help="Length of the shoot in seconds."
)
@click.option("--offsets", default="0,-134,87", help="Offsets of the cameras in ms, the reference's 0 first.")
@click.option(
    "--seed", type=click.IntRange(0), default=1, help="Seed of the scene; another seed is another scene."
)
@click.option(
    "--trouble", is_flag=True, help="Add timecode on a channel, a loud echo, a b-roll clip and a recorder."
)
@click.option("--keep", is_flag=True, help="Keep the filmed files and print where they are.")
@click.pass_obj
def demo_command(
    options: GlobalOptions,
    headless: bool,
    seconds: float,
    offsets: str,
    seed: int,
    trouble: bool,
    keep: bool,
) -> int:
    """Film a demo shoot and take it through the whole pipeline.

    The cameras' true offsets are known, so the sync can be checked. On a terminal, the review opens
    in the terminal app. With --headless, with DEMO=headless in the environment, or without a terminal,
    the demo approves by itself, and exits with 0 only if every offset is right and the manifest is
    published.
    """
    config = options.config_option or _find_settings_file(trouble=trouble)
    settings = GlobalOptions(config).settings
    is_watched = are_terminals(sys.stdin, sys.stdout, sys.stderr)
    is_headless = headless or os.environ.get("DEMO") == "headless" or not is_watched
    # The reference first: true offsets are relative to its clock.
    filming = [key for key, camera in settings.cameras.items() if camera.kind == "picture"]
    keys = sorted(filming, key=lambda key: not settings.cameras[key].reference)
    recorder = _choose_recorder(settings) if trouble else None
    offsets_ms = _parse_offsets_ms(offsets)
    plan_takes(keys, seconds, offsets_ms)  # fails before a daemon is started
    printer = ProgressPrinter(sys.stdout, time.monotonic, terminal=sys.stdout.isatty())
    printer.print_line(f"settings: {config.absolute()}")
    printer.print_line(f"work folder: {settings.paths.work}")
    with _ensure_daemon(config, settings, printer) as check, _open_clip_folder(keep, printer) as folder:
        shoot = _film_shoot(
            folder, keys, printer, seconds=seconds, offsets_ms=offsets_ms, seed=seed, recorder=recorder
        )
        if is_headless:
            asyncio.run(_follow_session(shoot, settings, printer, check))
        else:
            _open_app(shoot, settings)
    return 0


def _choose_recorder(settings: Settings) -> str:
    """Return the key of the first recorder. Raises UsageError where the settings have none."""
    found = next((key for key, camera in settings.cameras.items() if camera.kind == "sound"), None)
    if found is None:
        raise UsageError(
            "a shoot with trouble needs a recorder, and the settings name none",
            "give a camera `kind: sound`, or run it without --config",
        )
    return found


def _find_settings_file(*, trouble: bool) -> Path:
    from mcsyncd.demo.settings_home import prepare_demo_settings  # noqa: PLC0415  # keeps --help fast

    named = os.environ.get("MCSYNCD_CONFIG")
    return Path(named) if named else prepare_demo_settings(os.environ, trouble=trouble)


@contextmanager
def _ensure_daemon(config: Path, settings: Settings, printer: ProgressPrinter) -> Iterator[LivenessCheck]:
    """Use the daemon that runs on these settings, or start one and stop it afterwards.

    Yields a function that raises when a daemon started here has ended.
    """
    if asyncio.run(_is_daemon_up(settings.socket)):
        printer.print_line(f"using the daemon that already runs on {settings.socket}")
        yield lambda: None
        return
    _prepare_folder_store(settings)
    log = settings.paths.state.parent / "demo-daemon.log"
    with DaemonProcess(config, log, printer.print_line) as daemon:
        printer.print_progress("starting the daemon")
        asyncio.run(_wait_until_up(settings.socket, daemon))
        printer.print_line(f"the daemon is up; its log is {log}")
        yield daemon.check
        printer.print_progress("stopping the daemon")
    printer.print_line("the daemon has stopped")


def _prepare_folder_store(settings: Settings) -> None:
    """Make the demo's own folder ready to be published to; a bucket is made ready by its owner."""
    from mcsyncd.checks.store_identity import prepare_store  # noqa: PLC0415  # keeps --help fast
    from mcsyncd.settings.stores import LocalStorage  # noqa: PLC0415  # as above

    if isinstance(settings.storage, LocalStorage):
        prepare_store(settings, settings.storage)


async def _is_daemon_up(socket: Path) -> bool:
    from mcsyncd.client import Client  # noqa: PLC0415  # keeps --help free of aiohttp

    try:
        async with Client(socket) as client:
            await client.fetch_version()
    except Unreachable:
        return False
    return True


async def _wait_until_up(socket: Path, daemon: DaemonProcess) -> None:
    """Wait until the daemon answers. Raises McsyncError if it ends or takes longer than the timeout."""
    end = time.monotonic() + _STARTUP_TIMEOUT_S
    while time.monotonic() < end:
        daemon.check()
        if await _is_daemon_up(socket):
            return
        await asyncio.sleep(0.1)
    raise McsyncError(
        f"the daemon did not answer on {socket} within {_STARTUP_TIMEOUT_S:.0f} s",
        "its log is demo-daemon.log beside the state folder",
    )


@contextmanager
def _open_clip_folder(keep: bool, printer: ProgressPrinter) -> Iterator[Path]:
    """Yield a folder for the filmed files, and afterwards remove it, or with `keep` print its name."""
    with ExitStack() as stack:
        if keep:
            folder = Path(tempfile.mkdtemp(prefix="mcsync-demo-"))
            stack.callback(printer.print_line, f"the cameras' files are in {folder}")
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mcsync-demo-")))
        yield folder


def _film_shoot(
    folder: Path,
    keys: list[str],
    printer: ProgressPrinter,
    *,
    seconds: float,
    offsets_ms: list[float],
    seed: int,
    recorder: str | None,
) -> Shoot:
    from mcsyncd.demo.shoot import make_shoot  # noqa: PLC0415  # keeps --help free of av and numpy

    done = dict.fromkeys(keys, 0.0)

    def report_progress(key: str, part: float) -> None:
        done[key] = part
        printer.print_progress(
            f"filming {seconds:g} s with {len(keys)} cameras", sum(done.values()) / len(done)
        )

    shoot = make_shoot(
        folder,
        seconds=seconds,
        seed=seed,
        offsets_ms=offsets_ms,
        keys=keys,
        report_progress=report_progress,
        recorder=recorder,
    )
    for key, file in shoot.files.items():
        truth = f"truth {shoot.offsets_us[key] / 1000:+.3f} ms, {shoot.drift_ppm[key]:+.0f} ppm"
        printer.print_line(f"  {key}: {file.name}, {format_size(file.stat().st_size)}, {truth}")
    return shoot


def _parse_offsets_ms(offsets: str) -> list[float]:
    try:
        return [float(part) for part in offsets.split(",")]
    except ValueError:
        raise UsageError(
            f"--offsets {offsets!r} is not a list of numbers", "write for instance 0,-134,87"
        ) from None


async def _follow_session(
    shoot: Shoot, settings: Settings, printer: ProgressPrinter, check: LivenessCheck
) -> None:
    """Drop the clips, approve the session and wait for the manifest.

    Raises McsyncError when an offset is wrong or the session does not get there.
    """
    from mcsyncd.cli.session_follower import SessionFollower, list_started_sessions  # noqa: PLC0415  # needs aiohttp
    from mcsyncd.client import Client  # noqa: PLC0415  # keeps --help free of aiohttp
    from mcsyncd.demo.slow_copy import drop_slowly, list_cards  # noqa: PLC0415  # as the two above

    def report_progress(part: float) -> None:
        printer.print_progress("copying the cards into the drop folders", part)

    async with Client(settings.socket) as client:
        earlier_sessions = await list_started_sessions(client)
        cards = list_cards(shoot)
        await asyncio.to_thread(drop_slowly, cards, settings.paths.drop, _CARD_COPY_S, report_progress)
        follower = SessionFollower(client, earlier_sessions, printer, check)
        session = await follower.approve(await follower.wait_for_review(shoot), shoot)
        session = await follower.wait_until_published()
        printer.print_line(f"published: {session.manifest_key}")


def _open_app(shoot: Shoot, settings: Settings) -> None:
    """Open the terminal app while the clips are being copied in."""
    from mcsyncd.demo.slow_copy import drop_slowly, list_cards  # noqa: PLC0415  # only this command needs it

    with ThreadPoolExecutor(1) as copier:
        cards = list_cards(shoot)
        copy = copier.submit(drop_slowly, cards, settings.paths.drop, _CARD_COPY_S, lambda _: None)
        open_app(settings.socket, once_published=_CLOSING_LINE)
        copy.result()

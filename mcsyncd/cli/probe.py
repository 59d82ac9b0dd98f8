"""`mcsyncd probe FILE`: what a file is, and what conform would do with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.options import json_option
from mcsyncd.model.text import escape_text

if TYPE_CHECKING:
    from mcsyncd.model.clip import AudioStream, Media, VideoStream

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.command("probe", short_help="Show what a file is and what conform would do with it.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def probe_command(file: Path, as_json: bool) -> None:
    """Show what a file is and what conform would do with it.

    Streams, true frame rate, timecode, rotation, colour and audio. Exit code 6 when it cannot be used.
    """
    from mcsyncd.cli.containment import tell_gaps
    from mcsyncd.workers.contained_stages import probe_file

    tell_gaps()
    media = probe_file(file)
    actions = {} if media.hidden_picture else _explain_conform(media)
    click.echo(
        json.dumps(build_document(file, media, actions)) if as_json else format_media(file, media, actions)
    )


def build_document(file: Path, media: Media, actions: dict[str, tuple[str, ...]]) -> dict[str, object]:
    """Return the JSON document: everything the probe document, times in microseconds, rates as fractions."""
    document = asdict(media)
    if media.video is not None:
        document["video"]["rate"] = str(media.video.rate)
    return {"file": str(file), **document, "conform": {kind: list(lines) for kind, lines in actions.items()}}


def format_media(file: Path, media: Media, actions: dict[str, tuple[str, ...]]) -> str:
    """Return the same as lines for a person."""
    lines = [
        escape_text(file.name),
        f"  {media.duration_us / 1e6:.3f} s, {media.container.split(',')[0]}",
    ]
    if media.video is not None:
        lines.append(f"  video    {_format_video(media.video)}")
    lines += [f"  audio    {_format_audio(track)}" for track in media.audio]
    lines += [f"  timecode {media.timecode}"] if media.timecode else []
    if media.time_reference_us is not None:
        seconds, us = divmod(media.time_reference_us, 1_000_000)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{us // 1000:03}"
        lines.append(f"  time reference {clock}")
    lines += [f"  recorded {media.recorded_at}"] if media.recorded_at else []
    lines += [f"  ! {warning}" for warning in media.warnings]
    if notes := media.notes:
        named = {"scene": notes.scene, "take": notes.take, "tape": notes.tape, "note": notes.note}
        lines += [f"  {key:8} {escape_text(text)}" for key, text in named.items() if text]
        lines += [
            f"  track {track.channel:2} {escape_text(track.name)}" for track in notes.tracks if track.name
        ]
    if media.hidden_picture:
        return "\n".join((*lines, "conform would make nothing of it: only its original is published"))
    lines.append("conform would do this with the default profiles:")
    for kind, actions_of_kind in actions.items():
        lines += [f"  {kind}", *(f"    {line}" for line in actions_of_kind)]
    return "\n".join(lines)


def _format_video(video: VideoStream) -> str:
    kind = "variable, about " if video.variable_rate else ""
    colour = "/".join(
        tag or "-" for tag in (video.colour.primaries, video.colour.transfer, video.colour.matrix)
    )
    parts = [
        f"{video.codec} {video.width}x{video.height} {video.pix_fmt}",
        f"{kind}{video.rate} fps",
        f"colour {colour} {'full' if video.colour.full_range else 'limited'} range",
    ]
    parts += [f"rotation {video.rotation}° clockwise"] if video.rotation else []
    parts += ["interlaced"] if video.interlaced else []
    return ", ".join(parts)


def _format_audio(track: AudioStream) -> str:
    return (
        f"{track.codec} {track.sample_rate} Hz {escape_text(track.layout, 40)}, from "
        f"{track.start_us / 1e6:.6f} s"
    )


def _explain_conform(media: Media) -> dict[str, tuple[str, ...]]:
    """Return what conform would do, by rendition kind, with the profiles that ship with mcsyncd."""
    from mcsyncd.cli.standalone import explain_profile
    from mcsyncd.settings.load import find_shipped_profiles
    from mcsyncd.settings.profiles import load_profile
    from mcsyncd.settings.schema import DEFAULT_PROFILES

    explanations: dict[str, tuple[str, ...]] = {}
    for name in DEFAULT_PROFILES:
        profile = load_profile(find_shipped_profiles(), name)
        explanations[profile.kind] = explain_profile(name, profile, media)
    return explanations

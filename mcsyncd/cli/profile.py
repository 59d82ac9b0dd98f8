"""`mcsyncd profile`: the encoding profiles, and what they do in plain words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcsyncd.cli.options import json_option, profiles_option
from mcsyncd.cli.profile_trials import try_profiles
from mcsyncd.cli.standalone_profiles import find_profile_folder, load_encodable_profile
from mcsyncd.errors import ConfigError, ExitCode
from mcsyncd.model.text import escape_text

if TYPE_CHECKING:
    from mcsyncd.settings.profiles import Profile

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.group("profile", short_help="List, show, explain and try encoding profiles.")
def profile_command() -> None:
    """List, show, explain and try encoding profiles.

    A profile says how mezzanines or proxies are encoded.
    """


profile_command.add_command(try_profiles)


@profile_command.command("list")
@profiles_option
@json_option
@click.pass_context
def list_profiles(ctx: click.Context, profiles: Path | None, as_json: bool) -> None:
    """List the profiles.

    Each is validated, and checked for encoders that this installation lacks. What is wrong with one is
    said below the others, and the exit code is 2.
    """
    from mcsyncd.settings.profiles import list_misnamed_profiles

    folder = find_profile_folder(profiles)
    listed: list[dict[str, object]] = []
    problems = [*list_misnamed_profiles(folder)]
    for name in _list_names(folder):
        try:
            listed.append(_describe_profile(name, load_encodable_profile(folder, name)))
        except ConfigError as error:
            own = [*(error.problems or (str(error),))]
            listed.append({"name": name, "kind": None, "hash": None, "description": "", "problems": own})
            problems += own
    if as_json:
        click.echo(json.dumps(listed))
    for one in () if as_json else listed:
        summary = escape_text(str(one["description"])) if one["kind"] else "cannot be used: see below"
        click.echo(f"{one['name']:<18} {one['kind'] or '-':<10} {summary}")
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        ctx.exit(ExitCode.USAGE)


def _describe_profile(name: str, profile: Profile) -> dict[str, object]:
    return {
        "name": name,
        "kind": profile.kind,
        "hash": profile.compute_hash(),
        "description": profile.description,
        "problems": [],
    }


@profile_command.command("show")
@click.argument("name")
@profiles_option
@json_option
def show_profile(name: str, profiles: Path | None, as_json: bool) -> None:
    """Show one profile in canonical form, and its hash."""
    profile = load_encodable_profile(find_profile_folder(profiles), name)
    canonical = json.loads(profile.format_canonical_json())
    if as_json:
        click.echo(json.dumps({"name": name, "hash": profile.compute_hash(), "profile": canonical}))
        return
    click.echo(f"{name}  {profile.compute_hash()}")
    click.echo(json.dumps(canonical, indent=2))


@profile_command.command("explain")
@click.argument("name", required=False)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--for",
    "for_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The clip, where no NAME is given.",
)
@profiles_option
@json_option
def explain_profiles(
    name: str | None, file: Path | None, for_file: Path | None, profiles: Path | None, as_json: bool
) -> None:
    """Explain what a profile does to a clip.

    In plain words, with gigabytes per hour. Without FILE, explains it for a typical clip; without NAME,
    explains both default profiles.
    """
    from mcsyncd.settings.schema import DEFAULT_PROFILES

    folder = find_profile_folder(profiles)
    explanations = {
        each: _explain_profile(each, load_encodable_profile(folder, each), file or for_file)
        for each in ((name,) if name else DEFAULT_PROFILES)
    }
    if as_json:
        click.echo(json.dumps({each: list(lines) for each, lines in explanations.items()}))
        return
    for each, lines in explanations.items():
        click.echo("\n".join((each, *(f"  {escape_text(line, 300)}" for line in lines))))


@profile_command.command("schema")
def print_profile_schema() -> None:
    """Print the JSON Schema of a profile, for an editor."""
    from mcsyncd.settings.profiles import build_profile_schema

    click.echo(json.dumps(build_profile_schema(), indent=2))


def _explain_profile(name: str, profile: Profile, file: Path | None) -> tuple[str, ...]:
    from mcsyncd.cli.standalone import explain_profile

    if file is None:
        from mcsyncd.conform.explain import TYPICAL_CLIP

        intro = "For a typical clip: 1920x1080, 30 fps, stereo."
        return (intro, *explain_profile(name, profile, TYPICAL_CLIP))
    from mcsyncd.workers.contained_stages import probe_file

    return explain_profile(name, profile, probe_file(file))


def _list_names(folder: Path) -> tuple[str, ...]:
    from mcsyncd.settings.profiles import list_profile_names

    return list_profile_names(folder)

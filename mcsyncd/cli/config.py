"""`config`: check and show the settings."""

from __future__ import annotations

import json

import click

from mcsyncd.cli.global_options import GlobalOptions
from mcsyncd.cli.options import json_option

# ruff: noqa: PLC0415  # a command loads what it needs when it runs


@click.group()
def config_command() -> None:
    """Check and show the settings."""


@config_command.command("validate")
@json_option
@click.pass_obj
def validate_settings(options: GlobalOptions, as_json: bool) -> int:
    """Check the settings and their profiles.

    Prints every problem as file:line: dotted.path: message.
    """
    from mcsyncd.checks.encoders import check_encoders
    from mcsyncd.cli.main import print_error
    from mcsyncd.errors import ConfigError
    from mcsyncd.settings.active_config import ActiveConfig

    try:
        check_encoders(ActiveConfig.read(options.config_path))
    except ConfigError as error:
        if as_json:
            click.echo(json.dumps({"valid": False, "problems": list(error.problems or (str(error),))}))
        else:
            print_error(error)
        return int(error.exit_code)
    click.echo(json.dumps({"valid": True, "problems": []}) if as_json else f"{options.config_path}: valid")
    return 0


@config_command.command("show")
@json_option
@click.pass_obj
def show_settings(options: GlobalOptions, as_json: bool) -> None:
    """Print the settings, with defaults and absolute paths."""
    import yaml

    document = options.settings.model_dump(mode="json", by_alias=True)
    document["profiles"]["rate"] = str(options.settings.profiles.rate or "auto")
    click.echo(
        json.dumps(document, indent=2) if as_json else yaml.safe_dump(document, sort_keys=False), nl=as_json
    )


@config_command.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of the settings file, for an editor."""
    from mcsyncd.settings.schema import build_json_schema

    click.echo(json.dumps(build_json_schema(), indent=2))

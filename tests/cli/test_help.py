"""What `--help` says, for every command."""

from __future__ import annotations

import click
import pytest

from mcsyncd.cli.main import COMMANDS, root_command

CONTEXT = click.Context(root_command, info_name="mcsyncd")


def get_command(name: str) -> click.Command:
    command = root_command.get_command(CONTEXT, name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_repeats_the_first_line_of_each_help(name):
    command = get_command(name)
    first = command.short_help or (command.help or "").partition("\n")[0]
    assert first == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name):
    command = get_command(name)
    commands = [command, *getattr(command, "commands", {}).values()]
    for each in commands:
        assert each.help, each.name
        for parameter in each.params:
            assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


def test_no_command_has_the_name_of_another_ones_function():
    assert [get_command(name).name for name in COMMANDS] == list(COMMANDS)

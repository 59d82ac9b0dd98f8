"""The app file: read strictly, and never in the way of starting the app."""

from pathlib import Path

import pytest

from mcsyncd.settings.app_file import AppSettings, find_app_file, read_app_file
from mcsyncd.tui.theme import THEMES


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "tui.yaml"
        path.write_text(text)
        return read_app_file(path)

    return write


def test_without_a_file_nothing_is_wrong(tmp_path):
    file = read_app_file(tmp_path / "tui.yaml")
    assert (file.settings, file.problems) == (AppSettings(), ())


def test_an_empty_file_says_nothing(written):
    assert written("# nothing yet\n").problems == ()


def test_one_key_or_several(written):
    file = written("theme: ansi\nkeys:\n  approve: a\n  undo: [u, ctrl+z]\n  reset: '0'\n")
    assert file.problems == ()
    assert file.settings.theme == "ansi"
    assert file.settings.keys == {"approve": ("a",), "undo": ("u", "ctrl+z"), "reset": ("0",)}


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("theme: lite\nkeys: {approve: a}\n", 1, "theme: must be one of 'dark', 'light', 'ansi' or 'none'"),
        ("keys: {approve: a}\nthem: dark\n", 2, "them: there is no such key (did you mean theme?)"),
        ("keys: {approve: a}\ncolours: 16\n", 2, "there is only keys, theme"),
        ("keys:\n  approve: a\n  reset: 0\n", 3, "(put it in quotes)"),
        ("keys:\n  approve: a\n  back: []\n", 3, "at least 1 item"),
    ],
)
def test_what_is_wrong_is_left_out_and_the_rest_counts(written, text, line, told):
    file = written(text)
    (problem,) = file.problems
    assert problem.startswith(f"{file.path}:{line}: ")
    assert told in problem
    assert file.settings == AppSettings(keys={"approve": ("a",)})


@pytest.mark.parametrize(
    "text", ["keys: [a, b]\ntheme: dark\n", "keys: no\ntheme: dark\n", "theme: dark\nkeys:\n  x: {a: b}\n"]
)
def test_keys_of_another_form_are_left_out(written, text):
    file = written(text)
    assert file.problems
    assert file.settings == AppSettings(theme="dark")


@pytest.mark.parametrize(
    "text",
    ["[a, b]\n", "keys: [\n", "a: &x 1\nb: *x\n", "theme: dark\ntheme: light\n", "\x00", "x" * 300_000],
)
def test_a_file_that_is_no_such_file_counts_for_nothing(written, text):
    file = written(text)
    assert file.problems
    assert all(str(file.path) in problem for problem in file.problems)
    assert file.settings == AppSettings()


def test_a_folder_in_its_place_is_reported(tmp_path):
    (tmp_path / "tui.yaml").mkdir()
    file = read_app_file(tmp_path / "tui.yaml")
    assert file.settings == AppSettings()
    assert "tui.yaml" in file.problems[0]


def test_it_lies_where_the_xdg_specification_says():
    assert find_app_file({}) == Path.home() / ".config" / "mcsyncd" / "tui.yaml"
    assert find_app_file({"XDG_CONFIG_HOME": "/etc/kim"}) == Path("/etc/kim/mcsyncd/tui.yaml")
    assert find_app_file({"XDG_CONFIG_HOME": "relative"}) == Path.home() / ".config" / "mcsyncd" / "tui.yaml"


def test_each_theme_of_the_app_can_be_named(written):
    for theme in THEMES:
        assert written(f"theme: {theme}\n").settings.theme == theme

"""Only what changes of a text is drawn again."""

from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from mcsyncd.tui.widgets.fixed_text import find_changes

LINES = st.lists(st.text("ab 漢─", max_size=6), min_size=1, max_size=3).map("\n".join)


def list_cells(text):
    """What each cell of each line shows; a wide character has two."""
    return [
        [character for character in line for _ in range(Content(character).cell_length)]
        for line in text.split("\n")
    ]


@given(LINES, LINES)
def test_what_is_not_drawn_again_is_the_same_in_both(before, after):
    changed = {region.y: region.width for region in find_changes(Content(before), Content(after))}
    old, new = list_cells(before), list_cells(after)
    for y in range(max(len(old), len(new))):
        one, other = (text[y] if y < len(text) else [] for text in (old, new))
        assert one[changed.get(y, 0) :] == other[changed.get(y, 0) :]


@given(LINES)
def test_the_same_text_is_not_drawn_again(text):
    assert find_changes(Content(text), Content(text)) == []


def test_another_colour_is_a_change_up_to_its_end():
    plain = Content("offset  sure")
    (region,) = find_changes(plain, plain.stylize("bold", 0, 6))
    assert (region.y, region.width) == (0, 6)

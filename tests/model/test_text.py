from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.model.text import escape_text

anything = st.text(st.characters(), max_size=300)


@given(anything)
def test_nothing_shown_can_steer_a_terminal_or_hide(text):
    shown = escape_text(text, 10_000)
    assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {unicodedata.category(char) for char in shown}
    shown.encode()  # lone surrogates could not be written


@given(anything, st.integers(20, 80))
def test_never_longer_than_asked(text, limit):
    assert len(escape_text(text, limit)) <= limit


def test_escapes_are_readable_and_the_end_of_a_name_survives():
    assert escape_text("a\x1b[31m.mp4") == r"a\x1b[31m.mp4"
    assert escape_text("x\u202egpj.exe") == r"x\u202egpj.exe"
    assert escape_text("A" * 300 + "_C0042.MP4", 40).endswith("C0042.MP4")


@given(st.text(st.characters(categories=["L", "N"]), max_size=60))
def test_plain_words_stay_as_they_are(text):
    assert escape_text(text) == unicodedata.normalize("NFC", text)

"""Which rivals may be echoes of the best line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hearing import as_int16, babble, taken
from mcsyncd.sync.block_cache import BlockCache
from mcsyncd.sync.coarse_search import Line
from mcsyncd.sync.late_echo import find_late_echoes
from mcsyncd.sync.match import Lead, Rival
from mcsyncd.sync.matching import match_recordings
from mcsyncd.sync.whitening import WhitenedChannel


@pytest.mark.parametrize(("scale", "echoes"), [(1.0, 0), (3.0, 1)])
def test_what_chance_reaches_is_no_second_alignment(scale, echoes):
    """In loud noise the best line has 4.6 a window, and chance 3.2: an ordinary session was held up by it."""
    sound, cache = babble(3, 40), BlockCache()
    heard = taken(sound, 2, 30), taken(sound, 4, 30, seed=2)
    match = match_recordings(*([WhitenedChannel(as_int16(one), cache)] for one in heard), [Line(2.0, 0.0)])
    rival = Rival(Line(match.line.offset_s + 0.043, 0.0), 3.2 * scale, Lead(0.3, 2.8))
    assert len(find_late_echoes(replace(match, strength=4.6 * scale, rivals=(rival,)))) == echoes

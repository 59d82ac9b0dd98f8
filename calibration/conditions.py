"""What can happen at a shoot, and how often it is drawn."""

from __future__ import annotations

from calibration.solvable import (
    Builder,
    build_anything,
    build_changing_loops,
    build_loop_under,
    build_own_noise,
    build_plain,
    build_rate_mistake,
    build_several_clips,
    build_sparse,
    build_two_loudspeakers,
    build_uneven_machine,
    build_unlike_microphones,
)
from calibration.unsolvable import (
    build_adjacent,
    build_all_unrelated,
    build_cut,
    build_drones_apart,
    build_exact_loop,
    build_metronome,
    build_same_jingle,
    build_same_song,
    build_shared_tones,
    build_silence,
    build_skipped,
    build_unrelated,
)

CONDITIONS: dict[str, tuple[float, Builder]] = {
    # Every camera has its right place: 55 of 100.
    "anything": (16, build_anything),
    "clean_speech": (2, build_plain("speech", "talk", place="dry")),
    "clean_music": (2, build_plain("music", place="dry")),
    "clean_mix": (1.5, build_plain("mix", place="dry")),
    "rooms_near": (2, build_plain("speech", "talk", "music", "mix", place="near", max_troubles=1)),
    "rooms_spread": (
        4,
        build_plain("speech", "talk", "music", "mix", "crowd", place="spread", max_troubles=1),
    ),
    "rooms_hard": (
        3,
        build_plain("speech", "talk", "music", "mix", "babble", "pa", place="spread", max_troubles=3),
    ),
    "own_ambience": (2.5, build_own_noise("ambience", "hiss", low_db=-8, high_db=8)),
    "own_wind": (2, build_own_noise("wind", "bumps", low_db=-12, high_db=6)),
    "own_talk": (1, build_own_noise("talk", low_db=-3, high_db=10)),
    "unlike_microphones": (2, build_unlike_microphones),
    "short_clips": (
        2.5,
        build_plain("speech", "talk", "music", "mix", "crowd", style="short", max_troubles=2),
    ),
    "small_overlap": (
        3,
        build_plain("speech", "talk", "music", "mix", "crowd", style="partial", max_troubles=2),
    ),
    "long_drift": (1, build_plain("speech", "talk", "music", "mix", style="long", max_troubles=1)),
    "rate_mistake": (1, build_rate_mistake),
    "chain": (2, build_plain("speech", "talk", "music", "mix", style="chain", max_troubles=1)),
    "several_clips": (1.5, build_several_clips),
    "sparse": (1, build_sparse),
    "loop_under_live": (2, build_loop_under("speech", "applause")),
    "loops_with_changes": (1.5, build_changing_loops),
    "uneven_machine": (0.5, build_uneven_machine),
    "two_loudspeakers": (1, build_two_loudspeakers),
    # At least one has none: 45 of 100.
    "unrelated_speech": (4, build_unrelated("speech", "talk", "babble", "pa")),
    "unrelated_music": (6, build_unrelated("music", "mix", "crowd", "pa_music")),
    "unrelated_electronic": (2, build_unrelated("electronic")),
    "unrelated_ambience": (3, build_unrelated("ambience", "applause")),
    "all_unrelated": (3, build_all_unrelated),
    "same_song": (7, build_same_song),
    "same_jingle": (3, build_same_jingle),
    "exact_loop": (3, build_exact_loop),
    "metronome": (1.5, build_metronome),
    "shared_tones": (1.5, build_shared_tones),
    "drones_apart": (1, build_drones_apart),
    "silence": (2, build_silence),
    "adjacent": (2, build_adjacent),
    "skipped": (4, build_skipped),
    "cut": (2, build_cut),
}
"""Weight and builder of every condition."""

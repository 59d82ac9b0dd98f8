"""Why a session needs a person: a code that clients filter by, who it is about, and the measured values.

The solver, conform and the daemon make reasons; the ledger and the API keep the code and the values.
`format_reason` is the only place that turns one into a sentence, with the cameras' labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, assert_never

Value = float | str
Document = dict[str, object]


class ReasonCode(StrEnum):
    """What kind of reason it is. Promised to clients: a code may be added, not renamed."""

    CHANCE_MATCH = "chance_match"
    FAINT_MATCH = "faint_match"
    SHORT_OVERLAP = "short_overlap"
    RIVAL = "rival"
    CONTRADICTION = "contradiction"
    END_CONTRADICTS = "end_contradicts"
    CHANNELS_DISAGREE = "channels_disagree"
    SPREAD = "spread"
    SHARES_LITTLE = "shares_little"
    DRIFT = "drift"
    DRIFT_BENDS = "drift_bends"
    ECHO = "echo"
    WRONG_SPEED = "wrong_speed"
    IN_PIECES = "in_pieces"
    UNEVEN_DRIFT = "uneven_drift"
    INDIRECT = "indirect"
    PAIRS_DISAGREE = "pairs_disagree"
    NO_SHARED_SOUND = "no_shared_sound"
    NO_SOUND = "no_sound"
    OVERLAPS_OWN_CLIP = "overlaps_own_clip"
    SET_ASIDE = "set_aside"
    MAYBE_INSIDE = "maybe_inside"
    SAME_RECORDING = "same_recording"
    TIMECODE_AGREES = "timecode_agrees"
    TIMECODE_CONTRADICTS = "timecode_contradicts"
    RECORDING_TIME_AGREES = "recording_time_agrees"
    RECORDING_TIME_CONTRADICTS = "recording_time_contradicts"
    CLOCKS_DISAGREE = "clocks_disagree"
    TIMECODE_JUMPS = "timecode_jumps"
    PLACED_BY_TIMECODE = "placed_by_timecode"
    PLACED_BY_RECORDING_TIME = "placed_by_recording_time"
    UNREADABLE = "unreadable"
    CONFORM_WARNING = "conform_warning"
    CLIP_GREW = "clip_grew"
    COPIES_DIFFER = "copies_differ"
    LEFT_OUT = "left_out"
    TAKEN_INCOMPLETE = "taken_incomplete"
    HASH_DIFFERS = "hash_differs"
    MAYBE_INCOMPLETE = "maybe_incomplete"
    ENDS_EARLY = "ends_early"
    STOPS_EARLY = "stops_early"
    REFERENCE_ABSENT = "reference_absent"
    HIDDEN_PICTURE = "hidden_picture"
    NO_PICTURE = "no_picture"
    SECOND_COPY = "second_copy"
    CONTINUES = "continues"
    SEAM_APART = "seam_apart"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. `subject` is the key of a camera (`cam_b`) or of a clip (`cam_b/NAME`).

    `others` are keys of the other cameras it names. `values` are named measurements, in the units of
    their names, and texts from outside (file names, messages).
    """

    code: ReasonCode
    subject: str
    others: tuple[str, ...] = ()
    values: tuple[tuple[str, Value], ...] = ()


def build_reason(code: ReasonCode, subject: str, *others: str, **values: Value) -> Reason:
    """Return a reason with its values sorted by name, so that equal reasons compare equal."""
    return Reason(code, subject, others, tuple(sorted(values.items())))


def build_reason_document(reason: Reason, labels: Mapping[str, str]) -> Document:
    """Return the JSON of a reason: the same in `align --json`, the API and the manifest."""
    return {
        "code": str(reason.code),
        "subject": reason.subject,
        "others": list(reason.others),
        "values": dict(reason.values),
        "text": format_reason(reason, labels),
    }


_MS_BELOW_MS = 1000.0
"""Milliseconds below which a loss is said in them: "0.0 s elsewhere" says nothing."""
_SECONDS_FROM_MS = 10_000.0
"""Milliseconds from which a distance is said in seconds, as offsets are (`present.numbers`)."""

_PairCode = Literal[
    ReasonCode.CHANCE_MATCH,
    ReasonCode.FAINT_MATCH,
    ReasonCode.SHORT_OVERLAP,
    ReasonCode.RIVAL,
    ReasonCode.CONTRADICTION,
    ReasonCode.END_CONTRADICTS,
    ReasonCode.CHANNELS_DISAGREE,
    ReasonCode.SPREAD,
    ReasonCode.SHARES_LITTLE,
]
"""Doubts about one pair of recordings."""
_ClockCode = Literal[
    ReasonCode.TIMECODE_AGREES,
    ReasonCode.TIMECODE_CONTRADICTS,
    ReasonCode.RECORDING_TIME_AGREES,
    ReasonCode.RECORDING_TIME_CONTRADICTS,
    ReasonCode.CLOCKS_DISAGREE,
    ReasonCode.TIMECODE_JUMPS,
    ReasonCode.PLACED_BY_TIMECODE,
    ReasonCode.PLACED_BY_RECORDING_TIME,
]
"""What the cameras' clocks say."""
_AsideCode = Literal[ReasonCode.OVERLAPS_OWN_CLIP, ReasonCode.SET_ASIDE, ReasonCode.MAYBE_INSIDE]
"""Why a clip is not on the timeline."""
_IntakeCode = Literal[
    ReasonCode.CLIP_GREW,
    ReasonCode.COPIES_DIFFER,
    ReasonCode.LEFT_OUT,
    ReasonCode.TAKEN_INCOMPLETE,
    ReasonCode.HASH_DIFFERS,
    ReasonCode.MAYBE_INCOMPLETE,
    ReasonCode.ENDS_EARLY,
    ReasonCode.STOPS_EARLY,
]
"""Doubts about whether everything that was recorded is here."""


def format_reason(reason: Reason, labels: Mapping[str, str]) -> str:  # noqa: C901, PLR0911, PLR0912  # one sentence for each code
    """Return the reason as a sentence.

    `labels` are the cameras' labels by key; a camera without one is shown by its key.
    """
    name = _label_subject(reason.subject, labels)
    others = [labels.get(key, key) for key in reason.others]
    other = others[0] if others else ""
    values = dict(reason.values)
    match reason.code:
        case (
            ReasonCode.CHANCE_MATCH
            | ReasonCode.FAINT_MATCH
            | ReasonCode.SHORT_OVERLAP
            | ReasonCode.RIVAL
            | ReasonCode.CONTRADICTION
            | ReasonCode.END_CONTRADICTS
            | ReasonCode.CHANNELS_DISAGREE
            | ReasonCode.SPREAD
            | ReasonCode.SHARES_LITTLE
        ):
            return _format_pair_doubt(reason.code, name, other, values)
        case (
            ReasonCode.TIMECODE_AGREES
            | ReasonCode.TIMECODE_CONTRADICTS
            | ReasonCode.RECORDING_TIME_AGREES
            | ReasonCode.RECORDING_TIME_CONTRADICTS
            | ReasonCode.CLOCKS_DISAGREE
            | ReasonCode.TIMECODE_JUMPS
            | ReasonCode.PLACED_BY_TIMECODE
            | ReasonCode.PLACED_BY_RECORDING_TIME
        ):
            return _format_clock_reason(reason.code, name, values)
        case ReasonCode.DRIFT:
            drift, over = _format_signed(float(values["drift_ppm"]), 1), _format_span(float(values["span_s"]))
            return f"{name} drifts by {drift} ppm, {float(values['drift_ms']):.1f} ms over {over}; corrected"
        case ReasonCode.DRIFT_BENDS:
            return f"{name} drifts unevenly, by up to {float(values['off_ms']):.1f} ms; corrected"
        case ReasonCode.ECHO:
            apart = _format_signed(float(values["apart_ms"]), 1)
            strength = _format_strength(float(values["lead"]))
            return f"{name} also fits {apart} ms away, {strength}: probably an echo in the room"
        case ReasonCode.WRONG_SPEED:
            change = float(values["speed_change"])
            way = "slow" if change > 0 else "fast"
            return f"{name} runs {abs(change):.1%} {way}, as 29.97 fps mistaken for 30 does; corrected"
        case ReasonCode.IN_PIECES:
            return f"{name} lies at {values['pieces']}: {' or '.join(others)} skipped or was cut"
        case ReasonCode.UNEVEN_DRIFT:
            off = f"{float(values['off_ms']):.1f} ms"
            return f"the clocks of {name} and {other} drift unevenly: one drift for all is up to {off} off"
        case ReasonCode.INDIRECT:
            return f"{name} is placed through {other}"
        case ReasonCode.PAIRS_DISAGREE:
            miss = f"{float(values['miss_ms']):.1f} ms"
            return f"the pairs disagree about {name}: {' and '.join(others)} by themselves differ by {miss}"
        case ReasonCode.NO_SHARED_SOUND:
            return f"{name} shares no more sound with any other angle than chance would explain"
        case ReasonCode.NO_SOUND:
            return f"{name} has no usable sound"
        case ReasonCode.OVERLAPS_OWN_CLIP | ReasonCode.SET_ASIDE | ReasonCode.MAYBE_INSIDE:
            return _format_aside(reason.code, name, values)
        case ReasonCode.HIDDEN_PICTURE:
            return (
                f"the picture of {name} ({values['codec']}) cannot be decoded: only its original is published"
            )
        case ReasonCode.CONTINUES:
            how = "" if values["proven"] else ", by their numbers and sizes"
            return f"{name} and {values['follows']} are one recording{how}: one is placed at the other"
        case ReasonCode.SEAM_APART:
            apart = _format_signed(float(values["apart_ms"]), 0)
            return f"{name} goes on with {values['follows']}, but its sound puts it {apart} ms from its end"
        case ReasonCode.SECOND_COPY:
            original = str(values["instead_of"]).partition("/")[2]
            return f"{name} is a second copy: {original} cannot be read ({values['why']})"
        case ReasonCode.NO_PICTURE:
            return f"{name} has no picture; if that is a recorder, say so in the settings (kind: sound)"
        case ReasonCode.REFERENCE_ABSENT:
            return f"{name}, the reference camera, has no clip: the clock of {other} is the session clock"
        case ReasonCode.SAME_RECORDING:
            return f"{name} ({values['clip']}) and {other} ({values['other_clip']}) are the same recording"
        case ReasonCode.UNREADABLE:
            return f"{name}: {values['message']}"
        case ReasonCode.CONFORM_WARNING:
            return f"{name}: {values['warning']}"
        case (
            ReasonCode.CLIP_GREW
            | ReasonCode.COPIES_DIFFER
            | ReasonCode.LEFT_OUT
            | ReasonCode.TAKEN_INCOMPLETE
            | ReasonCode.HASH_DIFFERS
            | ReasonCode.MAYBE_INCOMPLETE
            | ReasonCode.ENDS_EARLY
            | ReasonCode.STOPS_EARLY
        ):
            return _format_intake_doubt(reason.code, name, values)
        case _:
            assert_never(reason.code)


def _format_pair_doubt(  # noqa: PLR0911  # one sentence for each code
    code: _PairCode, name: str, other: str, values: Mapping[str, Value]
) -> str:
    match code:
        case ReasonCode.CHANCE_MATCH:
            return f"{name} shares no more sound with {other} than chance would explain"
        case ReasonCode.FAINT_MATCH:
            return f"the sound that {name} shares with {other} is faint"
        case ReasonCode.SHORT_OVERLAP:
            return f"{name} and {other} share only {float(values['overlap_s']):.0f} s of usable sound"
        case ReasonCode.RIVAL:
            strength = _format_strength(float(values["lead"]))
            apart = _format_apart(float(values["apart_ms"]))
            return f"{name} also matches {apart} away, {strength}: the sound repeats itself"
        case ReasonCode.CONTRADICTION:
            share = f"{float(values['windows_astray']):.0f} of {float(values['windows']):.0f}"
            return f"{share} windows of {name} do not fit {other}: a skip, an edit, or music that both play"
        case ReasonCode.END_CONTRADICTS:
            apart_ms = float(values["apart_ms"])
            apart = f"{apart_ms:.0f} ms" if apart_ms < _MS_BELOW_MS else _format_duration(apart_ms / 1e3)
            seconds = f"{float(values['seconds']):.0f} s"
            where = f"the {values['end']} {seconds} of {name}"
            return f"{where} lie {apart} elsewhere in {other}: something was lost"
        case ReasonCode.CHANNELS_DISAGREE:
            apart = _format_apart(float(values["apart_ms"]))
            return f"the channels of {name} and {other} contradict each other: another one fits {apart} away"
        case ReasonCode.SPREAD:
            return f"the offset between {name} and {other} is not sharp"
        case ReasonCode.SHARES_LITTLE:
            little = f"only {float(values['share']):.0%} of its sound with {other}"
            known = "others_share" in values
            beside = (
                f"where others share {float(values['others_share']):.0%}" if known else "not what is loud"
            )
            return f"{name} shares {little}, {beside}: perhaps the same music at two events"
        case _:
            assert_never(code)


def _format_clock_reason(code: _ClockCode, name: str, values: Mapping[str, Value]) -> str:  # noqa: PLR0911  # one sentence for each code
    match code:
        case ReasonCode.TIMECODE_AGREES:
            return f"the timecode of {name} agrees within {float(values['miss_s']):.2f} s"
        case ReasonCode.TIMECODE_CONTRADICTS:
            miss = _format_duration(float(values["miss_s"]))
            where = ", although other timecodes agree" if values["others_agree"] else ""
            return f"the timecode of {name} contradicts its sound by {miss}{where}"
        case ReasonCode.RECORDING_TIME_AGREES:
            return f"the recording time of {name} agrees as closely as such clocks can"
        case ReasonCode.RECORDING_TIME_CONTRADICTS:
            away = _format_duration(float(values["miss_s"]))
            return (
                f"by the cameras' clocks, {name} was recorded {away} away from where its sound lies: "
                "perhaps the same music at two events"
            )
        case ReasonCode.CLOCKS_DISAGREE:
            apart = _format_duration(float(values["apart_s"]))
            return f"the linear timecode of {name} and the timecode of its file are {apart} apart"
        case ReasonCode.TIMECODE_JUMPS:
            jump = _format_duration(float(values["jump_s"]))
            return f"the linear timecode of {name} jumps by {jump} on the way: something may be lost there"
        case ReasonCode.PLACED_BY_TIMECODE:
            return f"{name} is placed by timecode alone, not by sound"
        case ReasonCode.PLACED_BY_RECORDING_TIME:
            return f"{name} is placed by the cameras' clocks alone, accurate to about a second"
        case _:
            assert_never(code)


def _format_aside(code: _AsideCode, name: str, values: Mapping[str, Value]) -> str:
    by_clock = "by its camera's clock"
    match code:
        case ReasonCode.OVERLAPS_OWN_CLIP:
            return f"{name} would overlap another clip of its camera"
        case ReasonCode.SET_ASIDE:
            why = "has no sound" if values["silent"] else "shares no sound with the others"
            about = f"; {by_clock} it begins at about {_format_clock(values)}" if "about_s" in values else ""
            return f"{name} is set aside, off the timeline: it {why}{about}"
        case ReasonCode.MAYBE_INSIDE:
            why = (
                f"{by_clock} it begins at about {_format_clock(values)}, while others record"
                if "about_s" in values
                else "nothing tells when it was recorded"
            )
            return f"{name} may belong on the timeline, but its sound matches nowhere: {why}"
        case _:
            assert_never(code)


def _format_intake_doubt(code: _IntakeCode, name: str, values: Mapping[str, Value]) -> str:  # noqa: PLR0911  # one sentence for each code
    match code:
        case ReasonCode.CLIP_GREW:
            return (
                f"{name} was written to again after it was taken in, so it may be half: copy all of it again"
            )
        case ReasonCode.COPIES_DIFFER:
            return f"{name} was dropped again, as long but not the same: compare both copies with the card"
        case ReasonCode.LEFT_OUT:
            return f"{name}: {values['file']} was left out when the session was sealed ({values['why']})"
        case ReasonCode.TAKEN_INCOMPLETE:
            return f"{name} was taken as it is, although it is not complete ({values['why']})"
        case ReasonCode.HASH_DIFFERS:
            return (
                f"{name} is not what {values['hash_list']} says ({values['algorithm']}): "
                "compare it with the card"
            )
        case ReasonCode.MAYBE_INCOMPLETE:
            return f"{name} may lack something: {values['why']}; compare it with the card"
        case ReasonCode.ENDS_EARLY:
            early = _format_duration(float(values["early_s"]))
            return f"the {values['stream']} of {name} ends {early} before {values['expected']}"
        case ReasonCode.STOPS_EARLY:
            early = _format_duration(float(values["early_s"]))
            return f"{name} ends {early} before every other angle, and its file does not say that it is whole"
        case _:
            assert_never(code)


def _label_subject(subject: str, labels: Mapping[str, str]) -> str:
    """Return the label of a camera, or of a clip's camera with the clip's name."""
    camera, slash, clip = subject.partition("/")
    return f"{labels.get(camera, camera)}{slash}{clip}"


def _format_signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _format_apart(apart_ms: float) -> str:
    """Return a distance with its sign: in milliseconds, from ten seconds on in seconds."""
    if abs(apart_ms) < _SECONDS_FROM_MS:
        return f"{_format_signed(apart_ms, 0)} ms"
    return f"{_format_signed(apart_ms / 1000, 1)} s"


def _format_clock(values: Mapping[str, Value]) -> str:
    return f"{_format_signed(float(values['about_s']), 0)} s"


def _format_strength(lead: float) -> str:
    return f"{1.0 - lead:.0%} as strong" if lead > 0.0 else "as strong"


def _format_span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _format_duration(seconds: float) -> str:
    for name, unit in (("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.1f} s"

"""An acceptance test of the sync by sessions that nothing was tuned on.

Its recordings, rooms, microphones, timecode and faults are its own: of the product it knows the command
`mcsyncd align` alone, and nothing here may import `mcsyncd` or `calibration`. A session is made from a
seed, written as real files, answered, and judged against the truth it was made from.

What counts:

- accepted: the session's confidence is at least 0.85, where the product says that it looks good.
- right: every clip that has a place is put there within 8.33 ms, at both ends of what it shares with
  others and on both sides of a loss of sound, with the drift of the answer.
- false accept: accepted, and not right.

Groups: `ordinary` and `clock` sessions must be accepted and right. `hard` ones may be escalated, but what
is accepted must be right; a clip that lost sound has no single offset, so that it is right only if it
is not accepted. `none` has no right answer. Where one camera of a `none` session is astray (of another
event, a playback, or a copy of another file), it may be accepted only if that camera is left
without a place (an offset of null, or a clip that is set aside or left out) and the others are right;
a place by the clocks alone is a place.

    python -m acceptance fetch --into DIR
    python -m acceptance run --sources DIR --first 0 --count 580 --jobs 2 --out results.jsonl
    python -m acceptance report results.jsonl
"""

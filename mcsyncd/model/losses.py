"""Lost derived files: which results they belong to, and what a session is without those results. Pure.

A result whose files are gone, differ from their hashes or were never hashed counts as missing. The
job that makes it is then due again, like after any restart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from mcsyncd.model.clip import Clip
from mcsyncd.model.rendition import WrittenFile
from mcsyncd.model.session import ConformedClip, Loss, Session, Stage, State

MAX_REGENERATIONS = 2
"""How often a result is made again because its files are lost, before the session fails.

Judgement: a power cut destroys a file once. A disk or a program that destroys it three times in a row will
do so for ever. Larger, and a long clip is encoded over and over; 0, and every power cut needs a person.
"""


@dataclass(frozen=True, slots=True)
class DerivedResult:
    """A result with files: `name` is the same each time that it is made, `subject` is what people read."""

    name: str
    stage: Stage
    subject: str
    files: tuple[WrittenFile, ...]

    @property
    def is_proven(self) -> bool:
        """Whether the hash of every file is recorded: earlier versions recorded none of analysis audio."""
        return all(file.sha256 for file in self.files)


def list_derived_results(session: Session) -> Iterator[DerivedResult]:
    """Yield the results of a session that have files: analysis audio, renditions, planned waveforms."""
    for clip in session.clips:
        if clip.analysis_audio is not None:
            yield DerivedResult(f"listen {clip.key}", "listen", clip.key, clip.analysis_audio.files)
    for conformed in session.conformed:
        if not conformed.lost:
            name = f"conform {conformed.job}"
            yield DerivedResult(name, "conform", conformed.clip, conformed.result.files)
    plan = session.publishing.plan if session.publishing is not None else None
    for planned in plan.objects if plan is not None else ():
        if planned.kind == "peaks" and planned.path:  # a rebuilt ledger does not know where it lies
            file = WrittenFile(planned.path, planned.bytes, planned.sha256)
            yield DerivedResult(f"publish {planned.clip}", "publish", planned.clip, (file,))


def lacks_analysis(clip: Clip) -> bool:
    """Tell whether a clip has sound that is not analysed: not yet, or because the result was lost."""
    return clip.media is not None and bool(clip.media.audio) and clip.analysis_audio is None


def find_lost_results(session: Session, paths: Collection[str]) -> tuple[DerivedResult, ...]:
    """Return the results that any of these files belongs to.

    A waveform is only needed while the session is being published.
    """
    lost = frozenset(paths)
    return tuple(
        result
        for result in list_derived_results(session)
        if not lost.isdisjoint(_list_paths(result))
        and (result.stage != "publish" or session.state is State.PUBLISHING)
    )


def list_unproven_paths(session: Session) -> tuple[str, ...]:
    """Return the files whose hash was never recorded."""
    files = (file for result in list_derived_results(session) for file in result.files)
    return tuple(file.path for file in files if not file.sha256)


def is_lost_too_often(session: Session, paths: Collection[str]) -> bool:
    """Tell whether one of the results was made again so often that it makes no sense to try once more."""
    counts = {loss.result: loss.count for loss in session.losses}
    return any(counts.get(one.name, 0) >= MAX_REGENERATIONS for one in find_lost_results(session, paths))


def forget_results(session: Session, paths: Collection[str]) -> Session:
    """Return the session without the results that these files belong to.

    A plan of uploads that names one of the files is forgotten, too, and so is one that is being made.
    """
    results = find_lost_results(session, paths)
    names = frozenset(result.name for result in results)
    clips = tuple(
        replace(clip, analysis_audio=None) if f"listen {clip.key}" in names else clip
        for clip in session.clips
    )
    conformed = tuple(_mark_if_lost(one, names) for one in session.conformed)
    session = replace(session, clips=clips, conformed=conformed, losses=_count_losses(session, results))
    return _forget_plan(session, frozenset(path for result in results for path in _list_paths(result)))


def count_lost_objects(session: Session, keys: Collection[str], store: str) -> tuple[Loss, ...]:
    """Return the losses of a session after a store lost these objects once more."""
    counts = {loss.result: loss.count for loss in session.losses}
    counts |= {name: counts.get(name, 0) + 1 for name in (_name_object(key, store) for key in keys)}
    return tuple(Loss(*count) for count in counts.items())


def forget_lost_objects(session: Session, store: str) -> tuple[Loss, ...]:
    """Return the losses of a session without those of a further store: it is given another chance."""
    return tuple(
        loss
        for loss in session.losses
        if not (loss.result.startswith("stored ") and loss.result.endswith(f" in {store}"))
    )


def is_stored_too_often(session: Session, keys: Collection[str], store: str) -> bool:
    """Tell whether a store lost one of the objects so often that it makes no sense to send it again."""
    counts = {loss.result: loss.count for loss in session.losses}
    return any(counts.get(_name_object(key, store), 0) >= MAX_REGENERATIONS for key in keys)


def _name_object(key: str, store: str) -> str:
    return f"stored {key} in {store}" if store else f"stored {key}"


def _forget_plan(session: Session, lost: frozenset[str]) -> Session:
    publishing = session.publishing
    if session.state is not State.PUBLISHING or publishing is None:
        return session
    plan = publishing.plan
    if plan is not None and lost.isdisjoint(planned.path for planned in plan.objects):
        return session
    return replace(session, state=State.APPROVED, publishing=None)


def _mark_if_lost(conformed: ConformedClip, names: Collection[str]) -> ConformedClip:
    # Kept, because a person may have approved the session knowing of what it reports.
    return replace(conformed, lost=True) if f"conform {conformed.job}" in names else conformed


def _count_losses(session: Session, results: tuple[DerivedResult, ...]) -> tuple[Loss, ...]:
    """Count the results that were proven once: those of earlier versions are lost by their age alone."""
    counts = {loss.result: loss.count for loss in session.losses}
    for result in results:
        if result.is_proven:
            counts[result.name] = counts.get(result.name, 0) + 1
    return tuple(Loss(name, count) for name, count in counts.items())


def _list_paths(result: DerivedResult) -> tuple[str, ...]:
    return tuple(file.path for file in result.files)

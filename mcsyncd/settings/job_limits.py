"""The limits of jobs, on time and on output, as a sysadmin writes them."""

from __future__ import annotations

from typing import assert_never

from mcsyncd.model import jobs
from mcsyncd.model.jobs import Job
from mcsyncd.model.limits import JobLimit
from mcsyncd.settings.part import Bytes, Seconds, SettingsPart

_MINUTE_S, _HOUR_S = 60.0, 3600.0
_GB = 10**9


class LimitSettings(SettingsPart):
    """The limits of one kind of job.

    A job that takes too long is killed and tried again, three times in all; one whose file grows too large
    fails at once, because it would do so again.
    """

    stall: Seconds = 5 * _MINUTE_S
    """How long it may go on without progress. Judgement: a disk that spins up or a share that reconnects
    is back within a minute."""
    total: Seconds = _HOUR_S
    """How long it may take in all, whatever the size of its input."""
    per_gb: Seconds = 0.0
    """What is added to `total` for each gigabyte of its input."""
    output: Bytes = 10 * _GB
    """How large a file it may write, whatever the size of its input. Judgement: the analysis audio of a day
    takes 6 GB."""
    output_per_gb: Bytes = 2 * _GB
    """What is added to `output` for each gigabyte of its input. Judgement: a copy is as large as that."""

    @property
    def limit(self) -> JobLimit:
        """The limits as the model's value."""
        return JobLimit(self.stall, self.total, self.per_gb, self.output, self.output_per_gb)


class ReadLimitSettings(LimitSettings):
    """For a job that reads its input once. Judgement: 10 MB/s is the slowest disk or share that is of use."""

    per_gb: Seconds = 100.0


class ConformLimitSettings(LimitSettings):
    """For encoding.

    Judgement: an hour of few bits must fit as well as an hour of 4K (45 GB), on a machine that encodes
    at a tenth of real time. The largest honest file is a lossless mezzanine of 4K that a phone recorded:
    450 GB an hour, from 4 GB.
    """

    stall: Seconds = 10 * _MINUTE_S
    total: Seconds = 24 * _HOUR_S
    per_gb: Seconds = _HOUR_S
    output: Bytes = 50 * _GB
    output_per_gb: Bytes = 200 * _GB


class UploadLimitSettings(LimitSettings):
    """For an upload, and for reading an object back.

    Judgement: an uplink of 4 Mbit/s is the slowest of use, and progress is seen after each part.
    """

    stall: Seconds = 15 * _MINUTE_S
    per_gb: Seconds = 2000.0


class JobLimitSettings(SettingsPart):
    """How long each kind of job may take, and how much it may write."""

    offload: ReadLimitSettings = ReadLimitSettings()
    """Moving or copying a session's files out of the drop folders."""
    hash: ReadLimitSettings = ReadLimitSettings()
    """Hashing one original."""
    probe: LimitSettings = LimitSettings()
    """Finding out what one clip is. It reports no progress, so `stall` limits all of it."""
    listen: ReadLimitSettings = ReadLimitSettings()
    """Extracting one clip's analysis audio."""
    align: LimitSettings = LimitSettings()
    """Finding the offsets of a session."""
    conform: ConformLimitSettings = ConformLimitSettings()
    """Making one clip's mezzanine and proxy."""
    plan: LimitSettings = LimitSettings()
    """Planning the uploads of a session. It reports no progress, so `stall` limits all of it."""
    upload: UploadLimitSettings = UploadLimitSettings()
    """Storing one object."""
    read_back: UploadLimitSettings = UploadLimitSettings()
    """Reading one object back from a store."""
    manifest: LimitSettings = LimitSettings()
    """Publishing a manifest or its pointer. It reports no progress, so `stall` limits all of it."""

    def choose_limit(self, job: Job) -> JobLimit:
        """Return the limits of a job."""
        found: LimitSettings = getattr(self, name_limit_field(job))
        return found.limit


def name_limit_field(job: Job) -> str:  # noqa: C901, PLR0911  # one line for each job
    """Return the key below `limits` in the settings file that holds the limits of a job."""
    match job:
        case jobs.Offload() | jobs.Return():
            return "offload"
        case jobs.Hash() | jobs.TrashOriginals() | jobs.EmptyTrash():
            return "hash"
        case jobs.Probe():
            return "probe"
        case jobs.Listen():
            return "listen"
        case jobs.Align():
            return "align"
        case jobs.Conform():
            return "conform"
        case jobs.PlanPublishing():
            return "plan"
        case jobs.Upload():
            return "upload"
        case jobs.ReadBack():
            return "read_back"
        case jobs.PublishManifest() | jobs.PointHead() | jobs.PublishCopy():
            return "manifest"
        case _:
            assert_never(job)

"""An encoder that takes a real-time priority gives it back."""

import os
from fractions import Fraction
from pathlib import Path

import av
import pytest

from mcsyncd.media.priority import leave_real_time


def list_policies():
    return {os.sched_getscheduler(int(task.name)) for task in Path("/proc/self/task").iterdir()}


def test_svt_av1_leaves_no_thread_at_real_time():
    """It takes the highest where it may: as root."""
    with av.open("/dev/null", "w", format="mp4") as container:
        stream = container.add_stream("libsvtav1", rate=30, options={"preset": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame(64, 64, "yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 30)
        try:
            container.mux(stream.encode(frame))
            if list_policies() == {os.SCHED_OTHER}:
                pytest.skip("it may not raise its priority here")
            leave_real_time()
            assert list_policies() == {os.SCHED_OTHER}
            container.mux(stream.encode(None))
        finally:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))

"""What a camera's lossy sound codec leaves, at the times at which it presents it."""

from __future__ import annotations

from io import BytesIO

import av
import numpy as np

from calibration.signals import RATE, Wave


def encode_and_decode_aac(wave: Wave, kilobits: int) -> Wave:
    """Return `wave` through AAC in MP4 at a bit rate, of the same length.

    The encoder's priming and padding are put where presentation times say: sample 0 is time 0.
    """
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono", options={"aac_coder": "fast"})
        stream.bit_rate = kilobits * 1000
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave[None, :]), format="fltp", layout="mono")
        frame.rate = RATE
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    out = np.zeros_like(wave)
    with av.open(file, "r") as coded:
        for decoded in coded.decode(audio=0):
            assert decoded.pts is not None
            assert decoded.time_base is not None
            at = round(decoded.pts * decoded.time_base * RATE)
            block = decoded.to_ndarray().ravel()
            low, high = max(0, at), min(wave.size, at + block.size)
            out[low:high] = block[low - at : max(low, high) - at]
    return out

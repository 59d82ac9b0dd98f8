"""The offset of every angle: `● Cam A: +0 ms    ■ Cam C: +87 ms`."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mcsyncd.api import SessionBody
from mcsyncd.present.numbers import format_offset
from mcsyncd.present.session import get_camera_label, order_cameras
from mcsyncd.tui.angle_marks import get_angle_colour, get_angle_glyph
from mcsyncd.tui.content import build_content, pack_lines


class OffsetsLine(Widget):
    """The offsets of `session`; an angle below `review_below` is marked with a question mark."""

    session: reactive[SessionBody | None] = reactive(None, layout=True)
    review_below: reactive[float] = reactive(0.0)

    def render(self) -> Content:
        """Return the offsets, as many in a line as fit."""
        session = self.session
        if session is None:
            return Content()
        items = [self._build_item(session, index, key) for index, key in enumerate(order_cameras(session))]
        return pack_lines(items, self.size.width or self.app.size.width)

    def _build_item(self, session: SessionBody, index: int, key: str) -> Content:
        evidence = session.angles.get(key)
        is_unsure = evidence is not None and evidence.confidence < self.review_below
        return build_content(
            (f"{get_angle_glyph(index)} {get_camera_label(session, key)}:", get_angle_colour(index)),
            (f" {format_offset(session.offsets_ms.get(key))}", "bold"),
            (" ?" if is_unsure else "", "warning"),
        )

"""The line that appears when what is shown may no longer be true."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from mcsyncd.model.text import escape_text
from mcsyncd.tui.content import build_content
from mcsyncd.tui.shell import Shell


class Banner(Widget):
    """Absent while the link is live; it looks once a second, and when the world changes."""

    def on_mount(self) -> None:
        """Keep the seconds to the next try true."""
        self.set_interval(1.0, self._refresh_if_active)
        self.update_visibility()

    def _refresh_if_active(self) -> None:
        if self.screen.is_active:
            self.update_visibility()

    def update_visibility(self) -> None:
        """Appear or disappear, and grey what lies below."""
        app = self.app
        assert isinstance(app, Shell)
        trust = app.world.assess_link(app.get_now())
        away = trust in {"gone", "stale"}
        if self.display != away:  # said again, it would lay out and send the whole screen again
            self.display = away
            self.screen.set_class(away and app.world.sessions is not None, "-away")
        if away:
            self.refresh(layout=True)

    def render(self) -> Content:
        """Say since when, why, and when it is tried again."""
        app = self.app
        assert isinstance(app, Shell)
        link = app.world.link
        since = f" · last word {link.last_contact:%H:%M:%S}" if link.last_contact is not None else ""
        if link.state != "gone":
            return build_content(("◌ stale", "bold"), f"{since} · decisions wait")
        left_s = (link.retry_at - app.get_now()).total_seconds() if link.retry_at is not None else 0.0
        again = f" · trying again in {left_s:.0f} s" if left_s >= 1 else " · trying again"
        hint = f"\n{escape_text(link.hint, 300)}" if link.hint and app.world.sessions is None else ""
        return build_content(
            ("○ not connected", "bold"),
            f"{since}{again}\n{escape_text(link.error, 300)}",
            (hint, "muted"),
        )

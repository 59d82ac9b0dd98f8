"""The banner that appears while the screen may be out of date."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from mcsyncd.model.text import escape_text
from mcsyncd.tui.content import build_content
from mcsyncd.tui.shell import Shell


class Banner(Widget):
    """Hidden while the link is live; checked once a second and whenever the world changes."""

    def on_mount(self) -> None:
        """Start to count down to the next attempt."""
        self.set_interval(1.0, self._refresh_if_active)
        self.update_visibility()

    def _refresh_if_active(self) -> None:
        if self.screen.is_active:
            self.update_visibility()

    def update_visibility(self) -> None:
        """Show or hide the banner, and dim the screen below it."""
        app = self.app
        assert isinstance(app, Shell)
        is_away = app.world.assess_link(app.get_now()) in {"gone", "silent"}
        if self.display != is_away:  # setting it again would lay out and send the whole screen
            self.display = is_away
            self.screen.set_class(is_away and app.world.sessions is not None, "-away")
        if is_away:
            self.refresh(layout=True)

    def render(self) -> Content:
        """Return since when and why, and when the next attempt is."""
        app = self.app
        assert isinstance(app, Shell)
        link = app.world.link
        since = f" · last contact {link.last_contact:%H:%M:%S}" if link.last_contact is not None else ""
        if link.state != "gone":
            return build_content(("◌ not responding", "bold"), f"{since} · decisions are disabled")
        left_s = (link.retry_at - app.get_now()).total_seconds() if link.retry_at is not None else 0.0
        retry = f" · reconnecting in {left_s:.0f} s" if left_s >= 1 else " · reconnecting"
        hint = f"\n{escape_text(link.hint, 300)}" if link.hint and app.world.sessions is None else ""
        return build_content(
            ("○ not connected", "bold"), f"{since}{retry}\n{escape_text(link.error, 300)}", (hint, "muted")
        )

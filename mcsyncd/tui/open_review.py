"""The way into the review. Its screen loads numpy, which the first screen must not wait for."""

from __future__ import annotations

from textual.app import App


def open_review(app: App[None], session: str) -> None:
    """Show the review of a session on top of what is shown now."""
    from mcsyncd.tui.review.screen import ReviewScreen  # noqa: PLC0415  # see above

    app.push_screen(ReviewScreen(session))

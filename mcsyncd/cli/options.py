"""Options that several commands share."""

from __future__ import annotations

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
json_lines_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
reason_option = click.option("--reason", required=True, help="Why, for the audit log.")
CLIP_DISPOSITIONS = {"set-aside": "set_aside", "leave-out": "left_out", "back": "back"}
"""What the command line calls the API's dispositions of a clip."""
revision_option = click.option(
    "--revision", type=int, help="The revision that you looked at (default: the current one)."
)

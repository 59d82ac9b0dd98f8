"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
json_lines_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
reason_option = click.option("--reason", required=True, help="Why, for the audit log.")
MAX_SHARE_HOURS = 168
"""Seven days, the longest validity of a signed address that R2 accepts (`publish.share.MAX_SHARE_S`)."""
CLIP_DISPOSITIONS = {"set-aside": "set_aside", "leave-out": "left_out", "back": "back"}
"""What the command line calls the API's dispositions of a clip."""
revision_option = click.option(
    "--revision", type=int, help="The revision that you looked at (default: the current one)."
)
credential_option = click.option(
    "--credential",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with the bucket's access key (default: the credential of the daemon's unit).",
)

read_credential_option = click.option(
    "--credential",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with a read-only key (default: the credential that storage.share_credentials names).",
)

store_option = click.option(
    "--store", default="", metavar="NAME", help="Which store of the settings (default: the first)."
)
profiles_option = click.option(
    "--profiles",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of profiles (default: those that ship with mcsyncd).",
)


class _ShareType(click.ParamType[float]):
    """A share of the whole, as people write it: `5%`."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            share = float(str(value).removesuffix("%")) / 100
        except ValueError:
            share = 0.0
        if not str(value).endswith("%") or not 0 < share <= 1:
            self.fail(f"{value!r} is no share: write one such as 5%", param, ctx)
        return share


SHARE = _ShareType()

"""A child that uploads a file by its kept sums; if asked, it kills itself (SIGKILL) at the n-th event."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

from pydantic import TypeAdapter

from mcsyncd.model.part_sums import PartSums
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.r2 import R2Store
from mcsyncd.settings.stores import R2Storage


def main(settings: str, key_id: str, secret: str, *upload: str) -> None:
    key, path, sums, *kill = upload
    store = R2Store(R2Storage.model_validate_json(settings), AccessKey(key_id, secret))
    count = itertools.count(1)

    if kill:
        event, kill_at = kill

        def die(**_: object) -> None:
            if next(count) == int(kill_at):
                os.kill(os.getpid(), signal.SIGKILL)

        store._client.meta.events.register(event, die)
    store.put_file(key, Path(path), TypeAdapter(PartSums).validate_json(Path(sums).read_bytes()))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A child that uploads a file in parts and is killed (SIGKILL) when its n-th part has arrived."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.r2 import R2Store
from mcsyncd.settings.schema import R2Storage


def main(settings: str, key_id: str, secret: str, *upload: str) -> None:
    key, path, sha256, size, part, event, kill_at = upload
    store = R2Store(
        R2Storage.model_validate_json(settings), AccessKey(key_id, secret), min_part_bytes=int(part)
    )
    count = itertools.count(1)

    def die(**_: object) -> None:
        if next(count) == int(kill_at):
            os.kill(os.getpid(), signal.SIGKILL)

    store._client.meta.events.register(event, die)
    store.put_file(key, Path(path), sha256=sha256, size=int(size))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A child that uploads a file in parts and is killed (SIGKILL) when its n-th part has arrived."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

from mcsyncd.integrity.part_sums import compute_part_sums
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.r2 import R2Store
from mcsyncd.settings.stores import R2Storage


def main(settings: str, key_id: str, secret: str, *upload: str) -> None:
    key, path, part, event, kill_at = upload
    store = R2Store(R2Storage.model_validate_json(settings), AccessKey(key_id, secret))
    count = itertools.count(1)

    def die(**_: object) -> None:
        if next(count) == int(kill_at):
            os.kill(os.getpid(), signal.SIGKILL)

    store._client.meta.events.register(event, die)
    _, sums = compute_part_sums(Path(path), part_bytes=int(part))
    store.put_file(key, Path(path), sums)


if __name__ == "__main__":
    main(*sys.argv[1:])

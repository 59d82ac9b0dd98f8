"""What a fork server imports before it forks workers (multiprocessing's `forkserver` preloads it)."""

from __future__ import annotations

import gc
from importlib import import_module

from worker_forks import STATIONS, watch_daemons

watch_daemons()
for station in STATIONS:
    import_module(station)
gc.freeze()  # or the first collection in a worker would copy all of it

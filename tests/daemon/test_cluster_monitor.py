"""The machines in the daemon's status: a real daemon, a real scheduler and two workers, in namespaces."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from mcsyncd.daemon.cluster_monitor import ClusterMonitor
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.workers import DaskWorkers
from nodes import CAN_MAKE_NAMESPACES, Nodes

MACHINES = """{{kind: local, path: var/bucket}}
workers: {{kind: dask, scheduler: '{scheduler}', tls_ca: {ca}, tls_cert: {cert}, tls_key: {key}}}"""


def configure(line, engine) -> None:
    storage = MACHINES.format(
        scheduler=engine.scheduler, ca=engine.tls_ca, cert=engine.tls_cert, key=engine.tls_key
    )
    line.configure(storage=storage)


@pytest.mark.skipif(
    not CAN_MAKE_NAMESPACES, reason="making network namespaces needs root and Debian's iproute2"
)
def test_the_daemon_starts_without_its_cluster_and_shows_the_machines_that_come(cold_line, tmp_path):
    line = cold_line  # a fork would be in the network of the process that it is forked from
    with Nodes(tmp_path / "nodes", line.work) as nodes:
        configure(line, nodes.engine)
        line.start()

        def look(until):
            os.kill(line.process.pid, signal.SIGHUP)
            found = line.status()
            return found if until(found["cluster"]) else None

        alone = line.wait(
            lambda: look(lambda one: "no scheduler" in one["health"]), "the scheduler is missed"
        )
        assert alone["cluster"]["scheduler"] == nodes.engine.scheduler
        (alert,) = [one for one in alone["alerts"] if one["code"] == "cluster_unreachable"]
        assert "no scheduler answers" in alert["message"]
        assert "no scheduler answers" in line.ask("status").stdout

        nodes.start_scheduler()
        nodes.start_worker("a", slots=3)
        nodes.start_worker("b", before=f"mount -t tmpfs none {line.work}")
        found = line.wait(lambda: look(lambda one: len(one["machines"]) == 2), "both machines are shown")
        a, b = found["cluster"]["machines"]
        assert (a["name"], a["accepted"], a["slots"], a["running"]) == ("a", True, 3, [])
        assert (b["name"], b["accepted"]) == ("b", False)
        assert "does not share the work folder" in b["reason"]
        assert [one["code"] for one in found["alerts"] if "machine b" in one["message"]] == [
            "machine_rejected"
        ]
        told = line.ask("status").stdout
        assert f"machines: 1 of 2 accepted at {nodes.engine.scheduler}\n  a: accepted, 0 of 3 busy\n" in told
        assert "  b: rejected: does not share the work folder" in told

        checks = {
            one["name"]: one for one in json.loads(line.ask("doctor", "--json", check=False).stdout)["checks"]
        }
        assert checks["cluster"]["status"] == checks["machine a"]["status"] == "ok"
        assert checks["machine b"]["status"] == "warn"
        assert "mount the work folder there" in checks["machine b"]["hint"]

        assert "msgpack" not in Path(f"/proc/{line.process.pid}/maps").read_text(), "the daemon loads no dask"
        assert line.stop() == 0


async def test_a_daemon_that_encodes_alone_asks_nobody(line):
    config = ActiveConfig.read(line.config)
    monitor = ClusterMonitor(lambda: config)
    await monitor.look_on()
    assert monitor.build_body() is None
    assert monitor.list_alerts() == []


async def test_settings_that_name_another_scheduler_forget_what_the_last_one_said(line, tmp_path):
    config = ActiveConfig.read(line.config)
    files = {key: tmp_path / f"{key}.pem" for key in ("tls_ca", "tls_cert", "tls_key")}
    first = DaskWorkers(kind="dask", scheduler="tls://127.0.0.1:1", **files)
    configs = [replace(config, settings=config.settings.model_copy(update={"workers": first}))]
    monitor = ClusterMonitor(lambda: configs[-1])
    assert monitor.build_body().health == "not asked yet"
    try:
        await monitor.look_on()
    finally:
        monitor.end()
    assert "tls_ca.pem" in monitor.build_body().health
    assert [one.code for one in monitor.list_alerts()] == ["cluster_unreachable"]
    second = first.model_copy(update={"scheduler": "tls://127.0.0.1:2"})
    configs.append(replace(config, settings=config.settings.model_copy(update={"workers": second})))
    assert monitor.build_body().health == "not asked yet"
    assert monitor.list_alerts() == []

"""A daemon without a network: its notifications go through the publisher, and outlive a kill -9."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from line import Line
from mcsyncd.checks.notifications import check_notifications
from mcsyncd.model.notice import Bulletin, Notice
from mcsyncd.notify.delivery import NotDelivered
from mcsyncd.notify.receivers import check_receiver, new_bulletin_id, send_bulletin
from mcsyncd.publish.distant_store import find_publisher_fault
from mcsyncd.settings.active_config import ActiveConfig
from mcsyncd.settings.load import load_settings
from mcsyncd.settings.notifications import WebhookReceiver
from mcsyncd.settings.work_layout import WorkLayout
from receiver import SECRET, Receiver, refuse, verifies

AT = "2026-11-27T09:00:00.000000Z"


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


def configure(line: Line, url: str) -> None:
    line.configure(
        storage="{kind: local, path: var/bucket}\n"
        "uploads: {publisher: var/publish.sock}\n"
        f"notifications: {{to: [{{kind: webhook, url: '{url}'}}], collect: 1s, disk_below: 0MB}}"
    )


@pytest.fixture
def publisher(line, receiver):
    """The publisher of the line's settings, which alone has the secret."""
    configure(line, receiver.url)
    line.prepare_store()
    line.work.mkdir(parents=True, exist_ok=True)
    secrets = line.home / "secrets"
    secrets.mkdir()
    (secrets / "webhook").write_text(f"WEBHOOK_SECRET={SECRET}\n")
    (secrets / "webhook").chmod(0o600)
    command = [sys.executable, "-m", "mcsyncd", "--config", str(line.config), "publisher"]
    environ = os.environ | {"CREDENTIALS_DIRECTORY": str(secrets)}
    with (line.home / "publisher.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ)
    layout = WorkLayout.from_settings(load_settings(line.config))
    line.wait(lambda: find_publisher_fault(layout) is None, "the publisher answers", 30)
    yield process
    process.kill()
    process.wait(20)


def test_a_kill_while_a_message_is_under_way_neither_repeats_nor_loses_it(line, receiver, publisher, shoot):
    receiver.faults = [receiver.hang]
    line.start()
    line.drop_in(shoot.files)
    line.wait(lambda: receiver.posts, "the message is under way", 120)
    line.kill()
    line.start()
    line.wait(lambda: receiver.taken, "it is sent again", 120)
    (first,) = receiver.taken
    assert [post.id for post in receiver.posts] == [first.id] * 2, "as the same message"
    assert verifies(first)
    session = line.session()
    assert [(one["kind"], one["subject"]) for one in first.notices] == [("needs_review", session["id"])]
    line.ask("approve", session["id"], "--revision", str(session["revision"]))
    line.wait(lambda: len(receiver.taken) > 1, "the next message is sent", 120)
    second = receiver.taken[1]
    assert verifies(second)
    assert [(one["kind"], one["subject"]) for one in second.notices] == [("published", session["id"])]
    assert len(receiver.posts) == 3


def test_the_publisher_sends_on_its_own_receivers_alone(line, receiver, publisher):
    settings = load_settings(line.config)
    (ops,) = settings.notifications.to
    bulletin = Bulletin(new_bulletin_id(), AT, (Notice("failed", "s", "text", "hint", AT),))
    send_bulletin(settings, ops, bulletin)
    assert verifies(receiver.posts[0])
    elsewhere = WebhookReceiver(kind="webhook", name="other", url="https://elsewhere.example.org/")
    with pytest.raises(NotDelivered, match="has no receiver 'other'"):
        send_bulletin(settings, elsewhere, bulletin)
    receiver.faults = [refuse(429, Retry_After="77")]
    with pytest.raises(NotDelivered, match="answered 429") as caught:
        send_bulletin(settings, ops, bulletin)
    assert caught.value.retry_after_s == 77.0
    tested = json.loads(line.ask("notify", "--test", "--json").stdout)
    assert tested == {
        "ok": True,
        "sent": True,
        "receivers": [{"receiver": "webhook", "fault": "", "hint": ""}],
    }
    assert [one["kind"] for one in receiver.posts[-1].notices] == ["test"]
    assert [one.status for one in check_notifications(ActiveConfig.read(line.config))] == ["ok"]
    (line.home / "secrets" / "webhook").chmod(0o644)
    assert [one.status for one in check_notifications(ActiveConfig.read(line.config))] == ["warn"]
    with pytest.raises(NotDelivered, match="can be read by others"):
        check_receiver(settings, ops)
    failed = line.ask("notify", check=False)
    assert (failed.returncode, "✖ webhook: credential" in failed.stdout) == (1, True)
    publisher.kill()
    publisher.wait(20)
    with pytest.raises(NotDelivered, match="mcsyncd-publish does not answer"):
        send_bulletin(settings, ops, bulletin)
    assert len(receiver.posts) == 3


def test_without_a_receiver_the_command_says_where_to_name_one(line):
    failed = line.ask("notify", "--test", check=False)
    assert (failed.returncode, "`notifications.to` is empty" in failed.stderr) == (2, True)

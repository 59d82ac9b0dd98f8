"""Notifications on the booted machine: what its units forbid must not keep them from being sent."""

from __future__ import annotations

import json

from receiver import SECRET, Post, verifies
from vmtest.machine import wait_until
from vmtest.steps import Trial

PORT = 8099
POSTS = "/var/tmp/posts"  # noqa: S108  # of the machine, which nobody else uses

RECEIVER = f"""
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = dict((name.lower(), value) for name, value in self.headers.items())
        with open("{POSTS}", "a") as posts:
            print(json.dumps([self.path, headers, body]), file=posts)
        self.send_response(204)
        self.end_headers()

HTTPServer(("127.0.0.1", {PORT}), Handler).serve_forever()
"""
"""A receiver that the machine's own Python runs: it writes down what it is sent, a line for each post."""

SETTINGS = f"""
notifications:
  to:
    - {{kind: webhook, url: "http://127.0.0.1:{PORT}/hook"}}
    - {{kind: apprise, name: phone, credential: phone}}
  collect: 1s
  disk_below: 100TB
"""
"""The disk of the machine has less, so there is something to tell at once."""

DROP_INS = "/etc/systemd/system/mcsyncd-publish.service.d"
CREDENTIALS = """[Service]
LoadCredential=webhook:/etc/mcsync/webhook.env
LoadCredential=phone:/etc/mcsync/phone.env
"""

SET_UP = (
    f"cat > /var/tmp/receiver.py <<'END'\n{RECEIVER}END",
    "systemd-run --quiet --unit=receiver python3 /var/tmp/receiver.py",
    f"umask 077; echo WEBHOOK_SECRET={SECRET} > /etc/mcsync/webhook.env",
    f"umask 077; echo APPRISE_URL=json://127.0.0.1:{PORT}/phone > /etc/mcsync/phone.env",
    f"mkdir -p {DROP_INS}",
    f"cat > {DROP_INS}/override.conf <<'END'\n{CREDENTIALS}END",
    f"cp /etc/mcsync/config.yaml /var/tmp/quiet && cat >> /etc/mcsync/config.yaml <<'END'\n{SETTINGS}END",
    "mcsyncd config validate && systemctl daemon-reload && systemctl restart mcsyncd",
)
"""The commands of docs/notifications.md."""

TAKE_DOWN = (
    "systemctl stop receiver",
    f"rm -r /etc/mcsync/webhook.env /etc/mcsync/phone.env {DROP_INS}",
    "cp /var/tmp/quiet /etc/mcsync/config.yaml && systemctl daemon-reload && systemctl restart mcsyncd",
)


def notify(trial: Trial) -> str:
    """Under its unit, the publisher sends the daemon's bulletins: to a webhook, signed, and by apprise."""
    for command in SET_UP:
        trial.machine.run(command)
    waited = wait_until(lambda: {"/hook", "/phone"} <= _list_posts(trial).keys(), 90, "nothing is sent")
    posts = _list_posts(trial)
    bulletin = posts["/hook"]
    assert verifies(bulletin), bulletin
    assert [one["kind"] for one in bulletin.notices] == ["disk_low"], bulletin
    assert "mcsyncd" in json.loads(posts["/phone"].body)["title"], posts["/phone"]
    told = trial.machine.run("mcsyncd notify --test")
    assert told.count("sent") == len(posts), told
    for command in TAKE_DOWN:
        trial.machine.run(command)
    return f"both after {waited:.0f} s, the webhook's signature holds"


def _list_posts(trial: Trial) -> dict[str, Post]:
    """Return the first post to each path."""
    posts: dict[str, Post] = {}
    for line in trial.machine.run(f"cat {POSTS}", check=False).splitlines():
        if line.startswith("["):
            path, headers, body = json.loads(line)
            posts.setdefault(path, Post(headers, body.encode(), taken=True))
    return posts

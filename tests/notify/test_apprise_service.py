"""apprise itself, with the one of its services that a test can play: JSON over HTTP on the loopback."""

from __future__ import annotations

import json
import sys

import pytest

from mcsyncd.model.notice import Bulletin, Notice
from mcsyncd.notify.apprise_service import format_bulletin
from mcsyncd.notify.delivery import NotDelivered
from mcsyncd.notify.receivers import check_here, send_here
from mcsyncd.settings.notifications import AppriseReceiver
from receiver import Receiver, refuse

pytest.importorskip("apprise", reason="the extra mcsyncd[apprise] is not installed")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its services load old modules
AT = "2026-11-27T09:00:00.000000Z"
FAILED = Notice("failed", "s1", "Session s1 failed: *cut off* <b>", "copy it again", AT)
PUBLISHED = Notice("published", "s2", "Session s2 is published, revision 1", "", AT)
RECEIVER = AppriseReceiver(kind="apprise")


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


@pytest.fixture
def credential(tmp_path):
    def write(url: str):
        path = tmp_path / "apprise"
        path.write_text(f"APPRISE_URL={url}\n")
        path.chmod(0o600)
        return path

    return write


def test_a_service_gets_a_title_and_lines(receiver, credential):
    secret = credential(receiver.url.replace("http:", "json:").partition("?")[0])
    check_here(RECEIVER, secret)
    assert receiver.posts == [], "nothing is sent to see whether it could be"
    send_here(RECEIVER, Bulletin("msg_1", AT, (FAILED, PUBLISHED), more=3), secret)
    sent = json.loads(receiver.posts[0].body)
    assert sent["title"] == "mcsyncd: 5 notices"
    assert sent["message"].splitlines() == [
        FAILED.text,
        "  → copy it again",
        PUBLISHED.text,
        "… and 3 more",
    ]


def test_one_notice_is_the_title_itself():
    assert format_bulletin(Bulletin("msg_1", AT, (PUBLISHED,)))[0] == f"mcsyncd: {PUBLISHED.text}"


def test_a_service_that_refuses_is_tried_again(receiver, credential):
    receiver.faults = [refuse(500)]
    secret = credential(receiver.url.replace("http:", "json:"))
    with pytest.raises(NotDelivered, match="did not take"):
        send_here(RECEIVER, Bulletin("msg_1", AT, (FAILED,)), secret)


def test_what_a_service_raises_is_named_without_its_address(credential, monkeypatch):
    from apprise import Apprise  # noqa: PLC0415  # the extra

    def fail(*_, **__):
        raise RuntimeError("json://geheim@127.0.0.1 broke")

    monkeypatch.setattr(Apprise, "notify", fail)
    with pytest.raises(NotDelivered, match="RuntimeError") as caught:
        send_here(RECEIVER, Bulletin("msg_1", AT, (FAILED,)), credential("json://127.0.0.1"))
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("url", ["nonsense", "nosuchservice://token-geheim"])
def test_an_address_that_apprise_does_not_know_is_refused_without_being_shown(credential, url, caplog):
    with pytest.raises(NotDelivered, match="no address that apprise knows") as caught:
        check_here(RECEIVER, credential(url))
    assert url not in str(caught.value)
    assert "geheim" not in caplog.text


def test_without_the_extra_the_hint_says_how_to_get_it(credential, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(NotDelivered, match="not installed") as caught:
        check_here(RECEIVER, credential("json://127.0.0.1"))
    assert "mcsyncd[apprise]" in caught.value.hint

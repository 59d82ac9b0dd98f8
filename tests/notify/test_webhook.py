"""A webhook against a real server that fails, hangs, redirects and asks for patience."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from mcsyncd.model.notice import Bulletin, Notice
from mcsyncd.notify.delivery import NotDelivered
from mcsyncd.notify.webhook import parse_retry_after, parse_secret, post_webhook, sign_webhook
from receiver import KEY, SECRET, Receiver, refuse, verifies

AT = "2026-11-27T09:00:00.000000Z"
NOTICE = Notice("failed", "20261127-090000-abc", "Session … failed: Ünreadable", "copy it again", AT)
BULLETIN = Bulletin("msg_" + "0f" * 16, AT, (NOTICE,), more=2)


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


def post(receiver: Receiver, **options) -> None:
    post_webhook(receiver.url, KEY, BULLETIN, **options)


def test_a_post_says_what_it_is_and_its_signature_verifies(receiver):
    post(receiver)
    (one,) = receiver.posts
    assert verifies(one)
    assert (one.headers["path"], one.headers["content-type"]) == ("/hook?to=ops", "application/json")
    assert json.loads(one.body)["type"] == "mcsyncd.bulletin"
    assert json.loads(one.body)["timestamp"] == AT
    assert json.loads(one.body)["data"]["more"] == 2
    (notice,) = one.notices
    assert notice == {
        "kind": "failed",
        "subject": NOTICE.subject,
        "text": NOTICE.text,
        "hint": "copy it again",
        "since": AT,
    }
    one.body += b" "
    assert not verifies(one), "a body that was changed on the way does not"


def test_the_signature_is_the_one_of_the_specification():
    """The example in the specification's reference libraries."""
    key = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign_webhook(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == signature


@pytest.mark.parametrize("secret", ["", "geheim", SECRET.removeprefix("whsec_"), "whsec_c2hvcnQ=", "whsec_ü"])
def test_a_secret_that_is_none_is_refused_without_being_shown(secret):
    with pytest.raises(NotDelivered) as caught:
        parse_secret(secret)
    assert not secret or secret not in str(caught.value)
    assert "whsec_$(" in caught.value.hint


def test_a_receiver_that_fails_is_named_and_what_it_says_is_safe_to_show(receiver):
    receiver.faults = [refuse(500)]
    with pytest.raises(NotDelivered, match="answered 500") as caught:
        post(receiver)
    assert "\x1b" not in caught.value.message
    post(receiver)
    assert [one.id for one in receiver.posts] == [BULLETIN.id] * 2, "a retry has the same id"


def test_a_redirect_is_not_followed(receiver):
    receiver.faults = [refuse(308, Location="/elsewhere")]
    with pytest.raises(NotDelivered, match="answered 308") as caught:
        post(receiver)
    assert len(receiver.posts) == 1
    assert "redirects are not followed" in caught.value.hint


def test_a_receiver_that_asks_for_patience_is_heard(receiver):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    receiver.faults = [refuse(429, Retry_After="120"), refuse(503, Retry_After=date)]
    for wanted in (120.0, 90.0):
        with pytest.raises(NotDelivered) as caught:
            post(receiver)
        assert wanted - 3 <= caught.value.retry_after_s <= wanted


@pytest.mark.parametrize(
    "value", ["", "soon", "-5", "nan", "Wed, 99 Foo", "Wed, 21 Oct 2015 07:28:00 GMT", "²"]
)
def test_a_retry_after_without_sense_asks_for_nothing(value):
    assert parse_retry_after(value, 1.7e9) == 0.0
    assert parse_retry_after("9" * 400, 1.7e9) < 1e9


@pytest.mark.parametrize("fault", ["hang", "drip", "flood"])
def test_no_receiver_holds_a_try_up(receiver, fault):
    receiver.faults = [getattr(receiver, fault)]
    started = time.monotonic()
    with pytest.raises(NotDelivered):
        post(receiver, limit_s=0.5)
    assert time.monotonic() - started < 5
    post(receiver, limit_s=5.0)


def test_a_receiver_that_is_not_there_is_named(receiver):
    with pytest.raises(NotDelivered, match=r"127\.0\.0\.1:9 did not take"):
        post_webhook("http://127.0.0.1:9/hook", KEY, BULLETIN)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    import ssl  # noqa: PLC0415

    import trustme  # noqa: PLC0415

    with Receiver() as secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        secure._server.socket = context.wrap_socket(secure._server.socket, server_side=True)
        secure._server.handle_error = lambda *_: None
        with pytest.raises(NotDelivered, match=r"(?i)certificate"):
            post_webhook(secure.url.replace("http:", "https:"), KEY, BULLETIN)
        assert secure.posts == []

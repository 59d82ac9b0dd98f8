"""Messages between daemon and publisher: each survives the way, and nothing else is taken for one."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsyncd.model.notice import Bulletin, Notice
from mcsyncd.model.part_sums import PartSums
from mcsyncd.publish import publisher_messages as messages
from mcsyncd.publish.message_stream import (
    MAX_DOCUMENT_BYTES,
    MAX_JSON_BYTES,
    NoMessage,
    receive_message,
    send_message,
)
from mcsyncd.publish.object_store import ListedObject, ObjectStat

SUMS = PartSums("a" * 64, 20, 16, ("b" * 32, "c" * 32), (1, (1 << 64) - 1), 3)
AT = "2026-11-27T09:00:00.000000Z"
BULLETIN = Bulletin("msg_" + "0f" * 16, AT, (Notice("failed", "s", "é", "", AT),), more=1)
SENT = [
    messages.Greet(version="1.0", stores="0" * 64),
    messages.PutFile(
        store="", key="v1/orig/s/c/x.mov", name="é.mov", sums=SUMS, metadata=(("a", "b"),), errno=2
    ),
    messages.PutDocument(store="nas", key="head/s.json", if_match=None),
    messages.FindDocument(store="", key="head/s.json"),
    messages.StatObject(store="", key="v1/orig/s"),
    messages.HashRange(store="", key="v1/orig/s", start=0, length=1 << 40, kind="md5"),
    messages.ListObjects(store="", prefix=""),
    messages.RemoveSnapshot(store="", key="v1/db/h/x"),
    messages.CheckStore(store=""),
    messages.SendBulletin(receiver="webhook", bulletin=BULLETIN),
    messages.CheckReceiver(receiver="webhook"),
]
ANSWERED = [
    messages.Welcome(version="1.0"),
    messages.Progress(done=1, total=2),
    messages.Found(stat=ObjectStat(1, None, "tag")),
    messages.Found(stat=None),
    messages.Document(tag=None),
    messages.RangeRead(bytes=3, digest="f" * 32),
    messages.Page(objects=(ListedObject("k", 1, ""),), is_last=True),
    messages.Done(),
    messages.Health(text="ok"),
    messages.Delivery(fault="no", hint="", retry_after_s=2.5),
    messages.Fault(kind="os", message="no", errno=5, filename="/x"),
]


@pytest.fixture
def pair():
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with one, other:
        yield one, other


def count_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_every_kind_of_message_is_tried_here():
    assert {type(one) for one in SENT} == set(messages.Request.__args__)
    assert {type(one) for one in ANSWERED} == set(messages.Answer.__args__)


@pytest.mark.parametrize("message", [*SENT, *ANSWERED], ids=lambda one: type(one).__name__)
def test_a_message_arrives_as_it_was_sent(pair, message):
    kinds = messages.REQUESTS if message in SENT else messages.ANSWERS
    send_message(pair[0], message, b"document")
    received = receive_message(pair[1], kinds)
    assert (received.message, received.document, received.descriptor) == (message, b"document", None)


def test_a_file_arrives_open(pair, tmp_path):
    path = tmp_path / "clip"
    path.write_bytes(b"footage")
    descriptor = os.open(path, os.O_RDONLY)
    send_message(pair[0], SENT[1], descriptor=descriptor)
    os.close(descriptor)
    path.unlink()
    received = receive_message(pair[1], messages.REQUESTS)
    assert os.pread(received.descriptor, 100, 0) == b"footage"
    assert not os.get_inheritable(received.descriptor)
    os.close(received.descriptor)


def test_the_end_between_two_messages_is_one(pair):
    pair[0].close()
    assert receive_message(pair[1], messages.REQUESTS) is None


@pytest.mark.parametrize("sizes", [(MAX_JSON_BYTES + 1, 0), (2, MAX_DOCUMENT_BYTES + 1)])
def test_what_is_too_long_is_refused_before_it_is_read(pair, sizes):
    pair[0].sendall(struct.pack("!II", *sizes))
    with pytest.raises(NoMessage, match="too many"):
        receive_message(pair[1], messages.REQUESTS)


def test_a_refused_message_leaves_no_file_open(pair):
    before = count_descriptors()
    socket.send_fds(pair[0], [struct.pack("!II", 2, 0)], [0])
    pair[0].sendall(b"{}")
    with pytest.raises(NoMessage):
        receive_message(pair[1], messages.REQUESTS)
    assert count_descriptors() == before


def test_two_files_at_once_are_refused(pair):
    before = count_descriptors()
    socket.send_fds(pair[0], [struct.pack("!II", 2, 0)], [0, 1])
    pair[0].sendall(b"{}")
    with pytest.raises(NoMessage):
        receive_message(pair[1], messages.REQUESTS)
    assert count_descriptors() == before


@given(st.binary(max_size=200))
def test_no_bytes_are_taken_for_a_request_by_chance(text):
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with one, other:
        one.sendall(struct.pack("!II", len(text), 0) + text)
        one.close()
        with pytest.raises(NoMessage):
            receive_message(other, messages.REQUESTS)


@given(
    st.sampled_from(SENT[1:]),
    st.sampled_from(["store", "key", "sums", "start", "ask", "other"]),
    st.one_of(st.none(), st.integers(max_value=-1), st.text(min_size=2000, max_size=2001), st.booleans()),
)
def test_a_field_of_another_kind_is_refused(message, name, value):
    values = message.model_dump(mode="json") | {name: value}
    with pytest.raises(ValueError, match="validation error"):
        messages.REQUESTS.validate_python(values)


@pytest.mark.parametrize(
    "change",
    [{"md5s": ("b" * 32,)}, {"part_bytes": 0}, {"sha256": "../" * 21 + "x"}, {"bytes": 1 << 62}],
    ids=str,
)
def test_sums_that_do_not_fit_each_other_are_refused(change):
    values = SENT[1].model_dump(mode="json")
    values["sums"] |= change
    with pytest.raises(ValueError, match="validation error"):
        messages.PutFile.model_validate(values, strict=False)

"""What a card's own index says of the clips that were copied: which of them are not here."""

from __future__ import annotations

import hashlib

import pytest
from listed_drop import ListedDrop

from mcsyncd.ingest.card_index import parse_card_index
from mcsyncd.integrity.hash_list import BadHashList
from recordings import record

M4ROOT = "PRIVATE/M4ROOT"


@pytest.fixture
def drop(tmp_path):
    return ListedDrop(tmp_path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return record(tmp_path_factory.mktemp("clip"), "mp4", 0.5).read_bytes()


def index(*clips, folder="CLIP"):
    """An index as an ILCE-7SM3 writes it, with its attributes and elements in that order."""
    materials = "".join(
        f'<Material uri="./{folder}/{name}" type="MP4" videoType="AVC140_3840_2160_H422P@L51" '
        'audioType="LPCM16" fps="25p" dur="1260" ch="2" aspectRatio="16:9" offset="0" umid="06" '
        f'status="none"><Proxy uri="./SUB/{name[:-4]}S03.MP4" type="MP4" umid="07"/>'
        f'<RelevantInfo uri="./{folder}/{name[:-4]}M01.XML" type="XML"/>'
        f'<RelevantInfo uri="./THMBNL/{name[:-4]}T01.JPG" type="JPG"/></Material>'
        for name in clips
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<MediaProfile '
        'xmlns="http://xmlns.sony.net/pro/metadata/mediaprofile" version="2.30"><Properties>'
        '<System systemId="18" systemKind="ILCE-7SM3"/></Properties>'
        f"<Contents>{materials}</Contents></MediaProfile>"
    )


def copy_card(drop, clip, copied, listed, root=M4ROOT):
    for name in copied:
        drop.write(f"{root}/CLIP/{name}", clip)
    drop.write(f"{root}/MEDIAPRO.XML", index(*listed))


NAMES = ("C0001.MP4", "C0002.MP4", "C0003.MP4")


def test_the_clips_of_an_index_are_those_of_the_card_and_not_their_proxies():
    found = parse_card_index(index(*NAMES).encode())
    assert [one.name for one in found] == ["CLIP/C0001.MP4", "CLIP/C0002.MP4", "CLIP/C0003.MP4"]
    assert all(one.hashes == () and one.bytes is None for one in found)


def test_a_name_is_read_as_it_is_written_in_an_address():
    assert parse_card_index(index("A%20cam_0001.MXF").encode())[0].name == "CLIP/A cam_0001.MXF"


@pytest.mark.parametrize(
    "content",
    [
        "<x/>",
        "<MediaProfile><Contents><Material/></Contents></MediaProfile>",
        '<MediaProfile><Contents><Material uri="/etc/passwd"/></Contents></MediaProfile>',
        '<MediaProfile><Contents><Material uri="../../x.MP4"/></Contents></MediaProfile>',
        '<MediaProfile><Contents><Material uri="%2e%2e/x.MP4"/></Contents></MediaProfile>',
        index(*NAMES)[:-20],
        '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + index(*NAMES).partition("\n")[2],
    ],
)
def test_what_is_no_index_is_refused_and_holds_nothing(drop, clip, content):
    with pytest.raises(BadHashList):
        parse_card_index(content.encode())
    copy_card(drop, clip, NAMES, ())
    drop.write(f"{M4ROOT}/MEDIAPRO.XML", content)
    assert drop.scan(settle_s=0.5, times=4).held == {}


@pytest.mark.parametrize("root", [M4ROOT, "XDROOT", "Card 1/BPAV"])
@pytest.mark.parametrize(
    ("copied", "missed"),
    [
        (NAMES, ()),
        (("C0001.MP4", "C0003.MP4"), ("C0002.MP4",)),
        (("C0001.MP4",), ("C0002.MP4", "C0003.MP4")),
        (("C0003.MP4",), ()),
    ],
    ids=["whole", "one in the middle", "those at the end", "taken in earlier"],
)
def test_a_clip_that_the_index_lists_and_that_was_not_copied_holds_the_seal(drop, clip, copied, missed, root):
    """The index and nothing else told of a clip whose metadata was not copied either."""
    copy_card(drop, clip, copied, NAMES, root)
    drop.scan(settle_s=0.5, times=4)
    assert set(drop.held) == {f"{root}/CLIP/{name}" for name in missed}
    assert set(drop.settled) >= {f"{root}/CLIP/{name}" for name in copied}
    for why in drop.held.values():
        assert f"{root}/MEDIAPRO.XML lists it, and it is not here" in why


def test_nothing_is_missed_while_the_card_is_being_copied(drop, clip):
    copy_card(drop, clip, NAMES[:1], NAMES)
    drop.scan(settle_s=0.5, times=4)
    assert set(drop.held) == {f"{M4ROOT}/CLIP/C0002.MP4", f"{M4ROOT}/CLIP/C0003.MP4"}
    drop.write(f"{M4ROOT}/CLIP/C0002.MP4", clip)
    assert set(drop.scan(settle_s=0.5, times=1).held) == {f"{M4ROOT}/CLIP/C0002.MP4"}, "it settles"
    drop.write(f"{M4ROOT}/CLIP/.C0003.MP4.Xk3d9", clip)
    assert set(drop.scan(settle_s=0.5).held) == {f"{M4ROOT}/CLIP/.C0003.MP4.Xk3d9"}, "rsync is at work"
    (drop.camera / M4ROOT / "CLIP/.C0003.MP4.Xk3d9").rename(drop.camera / M4ROOT / "CLIP/C0003.MP4")
    assert drop.scan(settle_s=0.5, times=4).held == {}


def test_a_missed_clip_is_forgotten_with_the_index(drop, clip):
    copy_card(drop, clip, NAMES[:2], NAMES)
    assert drop.scan(settle_s=0.5, times=4).held
    (drop.camera / M4ROOT / "MEDIAPRO.XML").unlink()
    assert drop.scan(settle_s=0.5, times=4).held == {}


def test_cards_know_no_case(drop, clip):
    drop.write(f"{M4ROOT}/Clip/c0001.mp4", clip)
    drop.write(f"{M4ROOT}/mediapro.xml", index(*NAMES[:2]))
    assert set(drop.scan(settle_s=0.5, times=4).held) == {f"{M4ROOT}/CLIP/C0002.MP4"}


def test_an_index_without_its_card_asks_for_nothing(drop, clip):
    drop.write("A001.MP4", clip)
    drop.write(f"{M4ROOT}/MEDIAPRO.XML", index(*NAMES))
    assert drop.scan(settle_s=0.5, times=4).held == {}


def test_an_index_proves_no_clip_and_has_none_hashed(drop, clip):
    copy_card(drop, clip, NAMES, NAMES)
    drop.scan(times=4)
    assert (drop.read_bytes, drop.state.is_proven) == (0, False)
    assert set(drop.held) >= {f"{M4ROOT}/CLIP/{name}" for name in NAMES}, "they settle by time alone"


def test_a_hash_list_of_what_was_copied_does_not_prove_a_card_that_lists_more(drop, clip):
    """A program that hashes what it could read calls the copy verified."""
    copy_card(drop, clip, NAMES[:2], NAMES)
    lines = "".join(f"{hashlib.md5(clip).hexdigest()}  CLIP/{name}\n" for name in NAMES[:2])
    drop.write(f"{M4ROOT}/card.md5", lines)
    drop.scan(settle_s=0.5, times=4)
    assert set(drop.held) == {f"{M4ROOT}/CLIP/C0003.MP4"}
    assert drop.settled[f"{M4ROOT}/CLIP/C0001.MP4"].checks
    drop.write(f"{M4ROOT}/NOTES.TXT", "more of the card is on its way")
    assert not drop.scan(settle_s=0.5, times=1).state.is_proven

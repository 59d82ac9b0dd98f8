"""Reading hash lists: those that programs write, and those that somebody made to do harm."""

from __future__ import annotations

import hashlib
import subprocess
import time

import pytest
import xxhash

from mcsyncd.integrity.c4 import compute_c4
from mcsyncd.integrity.checksum_lines import parse_checksum_lines
from mcsyncd.integrity.hash_list import MAX_LIST_BYTES, BadHashList, ListedHash, clean_listed_name
from mcsyncd.integrity.listed_hasher import ListedHasher
from mcsyncd.integrity.mhl_reader import merge_generations, parse_chain, parse_mhl

CONTENT = b"picture and sound"
MD5 = hashlib.md5(CONTENT).hexdigest()
XXH64 = xxhash.xxh64(CONTENT).hexdigest()
ASC = """\
<?xml version="1.0" encoding="UTF-8"?>
<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0"><creatorinfo/><hashes>{}</hashes></hashlist>
"""
LEGACY = '<?xml version="1.0" encoding="UTF-8"?><hashlist version="1.1"><creatorinfo/>{}</hashlist>'


def legacy(element: str, value: str, name: str = "CLIP/A001.MOV") -> bytes:
    hashed = f"<hash><file>{name}</file><size>17</size><{element}>{value}</{element}></hash>"
    return LEGACY.format(hashed).encode()


def only_hash(files) -> ListedHash:
    (file,) = files
    (found,) = file.hashes
    return found


@pytest.mark.parametrize(
    ("content", "c4"),
    [  # the test vectors of the C4 framework's own documentation
        (
            b"alfa",
            "c43zYcLni5LF9rR4Lg4B8h3Jp8SBwjcnyyeh4bc6gTPHndKuKdjUWx1kJPYhZxYt3zV6tQXpDs2shPsPYjgG81wZM1",
        ),
        (b"", "c459dsjfscH38cYeXXYogktxf4Cd9ibshE3BHUo6a58hBXmRQdZrAkZzsWcbWtDg5oQstpDuni4Hirj75GEmTc1sFT"),
    ],
)
def test_c4_identifiers_are_those_of_the_standard(content, c4):
    assert compute_c4(content) == c4


def test_the_hashes_are_those_of_the_libraries():
    hasher = ListedHasher(["md5", "sha1", "xxh32", "xxh3", "xxh64", "c4"])
    hasher.add(memoryview(CONTENT[:5]))
    hasher.add(memoryview(CONTENT[5:]))
    assert hasher.finish() == {
        "md5": MD5,
        "sha1": hashlib.sha1(CONTENT).hexdigest(),
        "xxh32": xxhash.xxh32(CONTENT).hexdigest(),
        "xxh3": xxhash.xxh3_64(CONTENT).hexdigest(),
        "xxh64": XXH64,
        "c4": compute_c4(CONTENT),
    }


@pytest.mark.parametrize("tag", [False, True], ids=["gnu", "bsd"])
@pytest.mark.parametrize("tool", ["md5sum", "sha1sum", "sha256sum"])
def test_lists_that_coreutils_write_are_read(tmp_path, tool, tag):
    names = ["A001.MOV", "with space.MOV", "line\nbreak.MOV", "back\\slash.MOV", "(1).MOV"]
    for name in names:
        (tmp_path / name).write_bytes(CONTENT)
    command = [tool, *(["--tag"] if tag else []), *names]
    listed = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    suffix = tool.removesuffix("sum")
    found = parse_checksum_lines(f"card.{suffix}", listed)
    assert [file.name for file in found] == names
    assert {only_hash([file]) for file in found} == {
        ListedHash(suffix, (hashlib.new(suffix, CONTENT).hexdigest(),))
    }


@pytest.mark.parametrize("algorithm", ["xxh32", "xxh64", "xxh128", "xxh3"])
def test_lists_in_the_forms_of_xxhsum_are_read(algorithm):
    hasher = ListedHasher([algorithm])
    hasher.add(memoryview(CONTENT))
    value = hasher.finish()[algorithm]
    reverse = bytes.fromhex(value)[::-1].hex()
    mark = "XXH3_" if algorithm == "xxh3" else ""
    tag = algorithm.upper()
    for line in (
        f"{mark}{value}  A001.MOV",
        f"{tag} (A001.MOV) = {value}",
        f"{tag}_LE (A001.MOV) = {reverse}",
    ):
        found = only_hash(parse_checksum_lines("card.xxh", line.encode()))
        assert found == ListedHash(algorithm, (value,)), line


@pytest.mark.parametrize(
    "line",
    [
        f"{MD5}  A001.MOV",
        f"{MD5} *A001.MOV",
        f"{MD5}\tA001.MOV",
        f"{MD5.upper()}  ./A001.MOV",
        f"MD5 (A001.MOV) = {MD5}",
        f"\ufeff{MD5}  A001.MOV\r",
        f"# made by a person\n\n; and so is this\n{MD5}  A001.MOV",
    ],
)
def test_each_form_of_a_line_is_read(line):
    (file,) = parse_checksum_lines("card.md5", line.encode())
    assert (file.name, only_hash([file])) == ("A001.MOV", ListedHash("md5", (MD5,)))


def test_a_hash_alone_is_of_the_file_that_the_list_is_named_after():
    (file,) = parse_checksum_lines("CLIP/A001.MOV.md5", MD5.encode())
    assert file.name == "A001.MOV"


def test_windows_separates_names_in_its_own_way():
    (file,) = parse_checksum_lines("card.md5", f"{MD5} *CLIP\\A001.MOV".encode())
    assert file.name == "CLIP/A001.MOV"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f"{MD5}  A001.MOV\n{MD5[:20]}".encode(), "line 2"),  # cut while it was copied
        (f"{MD5}  A001.MOV".encode("utf-16"), "UTF-8"),
        (b"\n\n", "nothing"),
        (b"not a list", "line 1"),
        (f"MD5 (A001.MOV) = {MD5[:30]}".encode(), "line 1"),
    ],
)
def test_lines_that_are_no_checksums_are_refused(content, why):
    with pytest.raises(BadHashList, match=why):
        parse_checksum_lines("card.md5", content)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "CLIP/../../x", "C:\\x", "..\\x", "", "a//b", "./", "."]
)
def test_names_that_are_not_below_the_list_are_refused(name):
    with pytest.raises(BadHashList, match="not below its own folder"):
        clean_listed_name(name)


@pytest.mark.parametrize(
    "content",
    [
        f"{MD5}  ../../etc/passwd".encode(),
        legacy("md5", MD5, "../../etc/passwd"),
        ASC.format(f"<hash><path>../../etc/passwd</path><md5>{MD5}</md5></hash>").encode(),
        b"<ascmhldirectory><hashlist><path>../../etc/passwd</path><c4>c4</c4></hashlist></ascmhldirectory>",
    ],
    ids=["lines", "mhl", "asc-mhl", "chain"],
)
def test_a_list_of_etc_passwd_is_refused(content):
    def parse():
        if content.startswith(b"<asc"):
            return parse_chain(content)
        return parse_mhl(content) if content.startswith(b"<") else parse_checksum_lines("card.md5", content)

    with pytest.raises(BadHashList, match=r"names '\.\./\.\./etc/passwd'"):
        parse()


@pytest.mark.parametrize(
    ("element", "value", "expected"),
    [
        ("md5", MD5, ListedHash("md5", (MD5,))),
        ("sha1", "A" * 40, ListedHash("sha1", ("a" * 40,))),
        ("xxhash64be", XXH64, ListedHash("xxh64", (XXH64,))),
        ("xxhash64", XXH64, ListedHash("xxh64", (XXH64, bytes.fromhex(XXH64)[::-1].hex()))),
        ("xxhash", "255", ListedHash("xxh32", ("000000ff", "255"))),
    ],
)
def test_the_hashes_of_mhl_1_are_read(element, value, expected):
    (file,) = parse_mhl(legacy(element, value))
    assert (file.name, file.bytes, file.best_hash) == ("CLIP/A001.MOV", 17, expected)


def test_an_entry_without_a_hash_still_has_a_size():
    (file,) = parse_mhl(legacy("null", ""))
    assert (file.bytes, file.best_hash) == (17, None)


def test_folders_and_failed_hashes_of_asc_mhl_say_nothing_of_files():
    entries = f"""
        <hash><path size="17">CLIP/A &amp; B &#252;.MOV</path>
            <md5 action="failed">{"0" * 32}</md5><xxh64 action="verified">{XXH64}</xxh64></hash>
        <directoryhash><path>CLIP</path><content><md5>{MD5}</md5></content></directoryhash>"""
    (file,) = parse_mhl(ASC.format(entries).encode())
    assert (file.name, only_hash([file]).algorithm) == ("CLIP/A & B ü.MOV", "xxh64")


def test_a_later_generation_cannot_overrule_the_first():
    first, second = (
        parse_mhl(ASC.format(f"<hash><path>A001.MOV</path><md5>{value * 32}</md5></hash>").encode())
        for value in "ab"
    )
    third = parse_mhl(
        ASC.format(f'<hash><path size="17">A001.MOV</path><xxh64>{XXH64}</xxh64></hash>').encode()
    )
    (merged,) = merge_generations((first, second, third))
    assert merged.bytes == 17
    assert merged.hashes == (ListedHash("md5", ("a" * 32,)), ListedHash("xxh64", (XXH64,)))


BOMB = """<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<hashlist version="1.1"><hash><file>&c;</file></hash></hashlist>
"""
EXTERNAL = """<?xml version="1.0"?>
<!DOCTYPE hashlist [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<hashlist version="1.1"><hash><file>&x;</file></hash></hashlist>
"""
REMOTE_DTD = '<!DOCTYPE hashlist SYSTEM "http://127.0.0.1:1/x.dtd"><hashlist version="1.1"></hashlist>'


@pytest.mark.parametrize(
    "content", [BOMB, EXTERNAL, REMOTE_DTD], ids=["entity-bomb", "external-entity", "remote-dtd"]
)
@pytest.mark.parametrize("parse", [parse_mhl, parse_chain])
def test_an_entity_bomb_and_an_external_entity_are_refused(content, parse):
    with pytest.raises(BadHashList, match="document type"):
        parse(content.encode())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html></html>", "root is 'html'"),
        (b"<hashlist><hash>", "no XML"),
        (b"<hashlist>" + b"<a>" * 1000, "deep"),
        (legacy("md5", MD5).replace(b">17<", b">seventeen<"), "no number"),
        (LEGACY.format("<hash><size>17</size></hash>").encode(), "not below"),
    ],
)
def test_damaged_xml_is_refused(content, why):
    with pytest.raises(BadHashList, match=why):
        parse_mhl(content)


def test_xml_of_a_hundred_megabytes_is_refused_at_once():
    content = b"<hashlist><hash>" + b" " * (100 << 20)
    began = time.process_time()
    with pytest.raises(BadHashList, match=f"more than {MAX_LIST_BYTES >> 20} MiB"):
        parse_mhl(content)
    assert time.process_time() - began < 0.5

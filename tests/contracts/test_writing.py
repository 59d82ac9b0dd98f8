"""Files are written in one way: through `integrity.derived_file`, which flushes, hashes and renames them."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "mcsyncd"
THE_ONE_WAY = "integrity/derived_file.py"
ALLOWED = {
    ("align/plot.py", "figure.savefig"): "draws into memory",
    ("conform/segment_writer.py", "av.open"): "an encoder's own file, which gets its name when it is whole",
    ("conform/rendition_writer.py", "av.open"): "the muxer moves its index, so it needs a path",
    ("demo/clip_writer.py", "av.open"): "the same muxer; films what a camera would have written",
    ("demo/trouble.py", "av.open"): "the same; writes what a sound recorder would have written",
    ("demo/daemon_process.py", "self._log.open"): "the log of a process that is running",
    ("demo/slow_copy.py", "target.open"): "plays an operator: a copy that grows under its own name",
    ("ingest/folders.py", "os.open"): "copies an original below an open folder, never through a link",
    ("ingest/folders.py", "os.rename"): "moves an original, or its copy, which was flushed and compared",
    ("integrity/copying.py", "os.write"): "writes into a descriptor that its caller opened",
    ("listen/playback/comparison.py", "wave.open"): "writes into memory",
    ("store/backup.py", "sqlite3.connect"): "SQLite writes the copy; published after",
    ("store/damage.py", "old.rename"): "moves a damaged ledger out of the way, and writes nothing",
    ("store/lock.py", "os.ftruncate"): "the process id in the lock, for people",
    ("store/lock.py", "os.open"): "the lock of the state folder, which must never be replaced",
    ("store/lock.py", "os.pwrite"): "the same process id",
    ("store/database.py", "sqlite3.connect"): "SQLite flushes by itself, with synchronous=FULL",
    ("store/rows.py", "sqlite3.connect"): "opens it for reading only",
    ("workers/sandbox/confine.py", "Path('/proc/self/oom_score_adj').write_text"): "a setting of the kernel",
    ("workers/sandbox/contained_call.py", "os.write"): "a pipe to the process that asked, and no file",
    ("workers/segment_requests.py", "os.write"): "pipes between a job and its segment server, and no file",
    ("workers/remote_encoder.py", "os.fdopen"): "a pipe to the worker, and no file",
    ("workers/retention.py", "place.rename"): "moves an original to its trash, and writes nothing",
    ("publish/line_limit.py", "os.open"): "one number that uploading processes share while they run",
    ("publish/line_limit.py", "os.pwrite"): "the same number",
    ("players/wav.py", "wave.open"): "writes into memory",
}
"""Who writes in another way, and why. An entry that nobody needs is an error, too."""

WRITING_MODE = re.compile(r"[rbtU]*[wax+][rwaxbtU+]*")
WRITING_FLAGS = re.compile(r"\bO_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)\b")
ALWAYS_WRITES = re.compile(
    r"(?:.*\.)?(?:write_text|write_bytes|touch|tofile|savefig|savez|savez_compressed|savetxt|rename|renames|"
    r"symlink_to|hardlink_to|FileHandler|NamedTemporaryFile|TemporaryFile|SpooledTemporaryFile|mkstemp)"
    r"|(?:np|numpy)\.save"
    r"|shutil\.(?:copy\w*|move)|os\.(?:replace|link|symlink|truncate|ftruncate|write|pwrite|writev|pwritev|"
    r"sendfile|copy_file_range|mknod|mkfifo)|sqlite3\.connect"
)


def list_writes(source: str) -> list[tuple[int, str]]:
    """Return line and function of every call that opens, makes or renames a file for writing."""
    tree = ast.parse(source)
    constants = {
        target.id: ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return [
        (node.lineno, ast.unparse(node.func))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and is_write(node, constants)
    ]


def is_write(call: ast.Call, constants: dict[str, str]) -> bool:
    name = ast.unparse(call.func)
    if name == "os.open":
        return WRITING_FLAGS.search(spell_out(call.args[1], constants)) is not None
    if name.rpartition(".")[2] in {"open", "fdopen", "memmap"}:
        return any(may_be_writing_mode(value) for value in list_mode_arguments(call, name))
    if (
        name.endswith(".replace") and name != "os.replace"
    ):  # of a path; a string's takes two arguments, a time's takes keywords
        return len(call.args) == 1 and not call.keywords
    return ALWAYS_WRITES.fullmatch(name) is not None


def list_mode_arguments(call: ast.Call, name: str) -> list[ast.expr]:
    """Return the arguments that may be a mode: the second or third of a function, the first of a method."""
    is_function = name.partition(".")[0] in {"open", "os", "av", "wave", "gzip", "io", "np", "numpy"}
    positional = call.args[1:3] if is_function else call.args[:1]
    return [*positional, *(one.value for one in call.keywords if one.arg == "mode")]


def may_be_writing_mode(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and WRITING_MODE.fullmatch(str(value.value)) is not None


def spell_out(value: ast.expr, constants: dict[str, str]) -> str:
    """Return an expression with the module's own constants spelt out; an unknown one counts as O_CREAT."""
    if isinstance(value, ast.IfExp):
        return f"{spell_out(value.body, constants)} {spell_out(value.orelse, constants)}"
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)} - {"os"}
    return " ".join([ast.unparse(value), *(constants.get(name, "O_CREAT") for name in sorted(names))])


@cache
def find_writes() -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        for line, name in list_writes(path.read_text()):
            found.setdefault((module, name), []).append(line)
    return found


def test_nothing_opens_a_file_for_writing_but_the_one_module():
    others = {key: lines for key, lines in find_writes().items() if key[0] != THE_ONE_WAY}
    assert not {key: lines for key, lines in others.items() if key not in ALLOWED}


def test_every_exception_is_needed():
    assert not ALLOWED.keys() - find_writes().keys()


@pytest.mark.parametrize(
    "code",
    [
        "open(path, 'w')",
        "open(path, mode='a+b')",
        "path.open('xb')",
        "path.open('r+')",
        "io.open(path, 'wb')",
        "gzip.open(path, 'wt')",
        "av.open(str(path), 'w', format='mp4')",
        "os.open(path, os.O_WRONLY)",
        "os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)",
        "os.open(path, flags)",
        "FLAGS = os.O_RDWR\nos.open(path, FLAGS)",
        "os.fdopen(descriptor, 'wb')",
        "path.write_text('x')",
        "path.write_bytes(b'x')",
        "path.touch()",
        "part.replace(path)",
        "part.rename(path)",
        "os.replace(part, path)",
        "os.rename(part, path)",
        "shutil.copy2(one, two)",
        "shutil.move(one, two)",
        "tempfile.NamedTemporaryFile('w')",
        "NamedTemporaryFile()",
        "tempfile.mkstemp()",
        "np.save(path, array)",
        "array.tofile(path)",
        "np.memmap(path, '<i2', 'w+')",
        "np.memmap(path, mode='r+')",
        "figure.savefig(path)",
        "sqlite3.connect(path)",
        "logging.FileHandler(path)",
    ],
)
def test_a_file_that_is_opened_for_writing_is_found(code):
    assert list_writes(code)


@pytest.mark.parametrize(
    "code",
    [
        "open(path)",
        "path.open('rb')",
        "os.fdopen(descriptor, 'rb')",
        "av.open(str(path), options=options)",
        "os.open(path, os.O_RDONLY | os.O_NOFOLLOW)",
        "FLAGS = os.O_RDONLY\nos.open(path, FLAGS | os.O_NOFOLLOW)",
        "text.replace('a', 'b')",
        "time.replace(tzinfo=UTC)",
        "replace(session, error=None)",
        "np.memmap(path, '<i2', 'r')",
        "np.memmap(path, np.int8, 'r', 5, (1, 2))",
        "file.write(data)",
        "tempfile.TemporaryDirectory()",
    ],
)
def test_reading_is_not_taken_for_writing(code):
    assert not list_writes(code)

"""A folder on a disk that fails when it is told to: a FUSE server that passes everything through.

It is a program of its own, because a process that serves a filesystem must not wait for it:
`python faulty_mount.py SOURCE MOUNT_POINT CONTROL`. CONTROL is a file of two numbers of four bytes: the
errno that the disk answers with now, and how many requests still succeed before it does. EIO is the answer
to everything, EROFS to all changes, EDQUOT to those that take space. EBADMSG stands for bad sectors: what
is read is answered with EIO.

It speaks the kernel's protocol of linux/fuse.h (version 7.31) itself, so that it needs no library. Each
inode is held open by a descriptor, and so are files that were unlinked while they were open.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

_HEADER = struct.Struct("<IIQQIIIHH")
_REPLY = struct.Struct("<IiQ")
_ATTRIBUTES = struct.Struct("<6Q10I")
_MAX_WRITE = 128 << 10
_INIT_ANSWER = struct.pack("<4I2H2I2H8I", 7, 31, 65536, 0x20, 12, 9, _MAX_WRITE, 1, 0, 0, *[0] * 8)
"""struct fuse_init_out: the version, the largest read-ahead, FUSE_BIG_WRITES, and the largest write."""
_O_PATH = os.O_PATH | os.O_NOFOLLOW
_AT_EMPTY = b"\0"
_KEEP_CACHE = 1 << 1
"""FOPEN_KEEP_CACHE: the kernel keeps what it has cached of a file that is opened again."""

(LOOKUP, FORGET, GETATTR, SETATTR, READLINK, SYMLINK, MKDIR, UNLINK, RMDIR, RENAME, LINK, OPEN, READ, WRITE,
 STATFS, RELEASE, FSYNC, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, FSYNCDIR, CREATE, BATCH_FORGET,
 RENAME2) = (1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 25, 26, 27, 28, 29, 30, 35, 42,
             45)  # fmt: skip
_ALWAYS = {FORGET, BATCH_FORGET, INIT, RELEASE, RELEASEDIR}
"""What works on any disk: it only ends the use of something."""
_TAKES_SPACE = {SYMLINK, MKDIR, LINK, WRITE, CREATE}
_CHANGES = _TAKES_SPACE | {SETATTR, UNLINK, RMDIR, RENAME, RENAME2}


class FaultyMount:
    """Serves one mount until it is unmounted."""

    def __init__(self, source: Path, device: int, control: mmap.mmap) -> None:
        self._device = device
        self._control = control
        self._inodes: dict[int, list[int]] = {1: [os.open(source, _O_PATH), 1]}
        self._numbers: dict[tuple[int, int], int] = {}
        self._next = 2
        self._shared_memory: set[int] = set()
        self._answers: dict[int, Callable[[int, memoryview], bytes]] = {
            LOOKUP: lambda node, body: self._enter(node, _read_name(body)),
            GETATTR: lambda node, _: self._describe(node),
            SETATTR: self._set_attributes,
            READLINK: lambda node, _: os.fsencode(os.readlink("", dir_fd=self._descriptor(node))),
            SYMLINK: self._make_link,
            MKDIR: self._make_folder,
            UNLINK: self._unlink,
            RMDIR: self._remove_folder,
            RENAME: lambda node, body: self._rename(node, body, 8),
            RENAME2: lambda node, body: self._rename(node, body, 16),
            LINK: self._link,
            OPEN: self._open,
            READ: self._read,
            WRITE: self._write,
            STATFS: self._describe_disk,
            RELEASE: self._release,
            FSYNC: lambda _, body: os.fsync(_read_handle(body)) or b"",
            FLUSH: lambda _, __: b"",
            INIT: lambda _, __: struct.pack(
                "<4I2H2I2H8I", 7, 31, 65536, 0x20, 12, 9, _MAX_WRITE, 1, 0, 0, *[0] * 8
            ),
            OPENDIR: lambda node, _: self._open_descriptor(node, os.O_RDONLY | os.O_DIRECTORY),
            READDIR: self._list_folder,
            RELEASEDIR: self._release,
            FSYNCDIR: lambda _, body: os.fsync(_read_handle(body)) or b"",
            CREATE: self._create,
        }

    def serve(self) -> None:
        """Answer requests until the mount is gone."""
        while True:
            try:
                request = memoryview(os.read(self._device, _MAX_WRITE + 4096))
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                return  # ENODEV: unmounted
            length, operation, unique, node, *_ = _HEADER.unpack_from(request)
            body = request[_HEADER.size : length]
            if operation in (FORGET, BATCH_FORGET):
                self._forget(operation, node, body)
                continue
            status, answer = -self._choose_fault(operation, body), b""
            if status == 0:
                try:
                    answer = self._answers[operation](node, body)
                except OSError as error:
                    status = -(error.errno or errno.EIO)
            try:
                os.write(self._device, _REPLY.pack(_REPLY.size + len(answer), status, unique) + answer)
            except FileNotFoundError:
                continue  # the request was interrupted

    def _choose_fault(self, operation: int, body: memoryview) -> int:
        fault = int.from_bytes(self._control[:4], "little")
        if operation not in self._answers:
            return errno.ENOSYS
        # Memory that processes share through a file: a local disk is not asked for it.
        is_memory = operation in (READ, WRITE) and _read_handle(body) in self._shared_memory
        if not fault or operation in _ALWAYS or is_memory:
            return 0
        match fault:
            case errno.EIO:
                is_hit = True
            case errno.EBADMSG:
                is_hit = operation == READ
            case errno.EROFS:
                opens_for_writing = operation == OPEN and struct.unpack_from("<I", body)[0] & os.O_ACCMODE
                is_hit = operation in _CHANGES or bool(opens_for_writing)
            case _:
                is_hit = operation in _TAKES_SPACE
        if is_hit and (spared := int.from_bytes(self._control[4:8], "little")):
            self._control[4:8] = (spared - 1).to_bytes(4, "little")
            return 0
        return (errno.EIO if fault == errno.EBADMSG else fault) if is_hit else 0

    def _descriptor(self, node: int) -> int:
        return self._inodes[node][0]

    def _path(self, node: int) -> str:
        return f"/proc/self/fd/{self._descriptor(node)}"

    def _enter(self, parent: int, name: bytes) -> bytes:
        descriptor = os.open(name, _O_PATH, dir_fd=self._descriptor(parent))
        status = os.fstat(descriptor)
        key = status.st_dev, status.st_ino
        if (node := self._numbers.get(key)) is not None:
            os.close(descriptor)
            self._inodes[node][1] += 1
        else:
            node, self._next = self._next, self._next + 1
            self._numbers[key] = node
            self._inodes[node] = [descriptor, 1]
        return struct.pack("<4Q2I", node, 0, 0, 0, 0, 0) + _pack_attributes(status)

    def _forget(self, operation: int, node: int, body: memoryview) -> None:
        pairs = (
            [(node, struct.unpack_from("<Q", body)[0])]
            if operation == FORGET
            else [
                struct.unpack_from("<QQ", body, 8 + 16 * i) for i in range(struct.unpack_from("<I", body)[0])
            ]
        )
        for one, count in pairs:
            held = self._inodes.get(one)
            if held is None or one == 1:
                continue
            held[1] -= count
            if held[1] <= 0:
                status = os.fstat(held[0])
                self._numbers.pop((status.st_dev, status.st_ino), None)
                os.close(held[0])
                del self._inodes[one]

    def _describe(self, node: int) -> bytes:
        return struct.pack("<QII", 0, 0, 0) + _pack_attributes(os.fstat(self._descriptor(node)))

    def _set_attributes(self, node: int, body: memoryview) -> bytes:
        valid, _, _, size, _, atime, mtime, _, atime_ns, mtime_ns, _, mode, _, uid, gid, _ = (
            struct.unpack_from("<II6Q8I", body)
        )
        path = self._path(node)
        if valid & 1:
            Path(path).chmod(mode & 0o7777)
        if valid & 6:
            os.chown(path, uid if valid & 2 else -1, gid if valid & 4 else -1)
        if valid & 8:
            os.truncate(path, size)
        if valid & 48:
            now = Path(path).stat()
            times = (
                atime * 10**9 + atime_ns if valid & 16 else now.st_atime_ns,
                mtime * 10**9 + mtime_ns if valid & 32 else now.st_mtime_ns,
            )
            os.utime(path, None) if valid & 384 else os.utime(path, ns=times)
        return self._describe(node)

    def _make_link(self, node: int, body: memoryview) -> bytes:
        name, target = bytes(body).split(_AT_EMPTY)[:2]
        os.symlink(target, name, dir_fd=self._descriptor(node))
        return self._enter(node, name)

    def _make_folder(self, node: int, body: memoryview) -> bytes:
        name = _read_name(body[8:])
        os.mkdir(name, struct.unpack_from("<I", body)[0] & 0o7777, dir_fd=self._descriptor(node))
        return self._enter(node, name)

    def _unlink(self, node: int, body: memoryview) -> bytes:
        os.unlink(_read_name(body), dir_fd=self._descriptor(node))
        return b""

    def _remove_folder(self, node: int, body: memoryview) -> bytes:
        os.rmdir(_read_name(body), dir_fd=self._descriptor(node))
        return b""

    def _rename(self, node: int, body: memoryview, offset: int) -> bytes:
        (target,) = struct.unpack_from("<Q", body)
        before, after = bytes(body[offset:]).split(_AT_EMPTY)[:2]
        os.rename(before, after, src_dir_fd=self._descriptor(node), dst_dir_fd=self._descriptor(target))
        return b""

    def _link(self, node: int, body: memoryview) -> bytes:
        (old,) = struct.unpack_from("<Q", body)
        name = _read_name(body[8:])
        os.link(self._path(old), name, dst_dir_fd=self._descriptor(node), follow_symlinks=True)
        return self._enter(node, name)

    def _open(self, node: int, body: memoryview) -> bytes:
        return self._open_descriptor(node, struct.unpack_from("<I", body)[0] & ~(os.O_NOFOLLOW | os.O_CREAT))

    def _open_descriptor(self, node: int, flags: int) -> bytes:
        handle = os.open(self._path(node), flags & ~os.O_APPEND | os.O_CLOEXEC)
        return struct.pack("<QII", handle, self._keep_shared_memory(handle), 0)

    def _keep_shared_memory(self, handle: int) -> int:
        """Return the flags of an open file: the kernel keeps what it has cached of SQLite's index."""
        if not Path(f"/proc/self/fd/{handle}").readlink().name.endswith("-shm"):
            return 0
        self._shared_memory.add(handle)
        return _KEEP_CACHE

    def _create(self, node: int, body: memoryview) -> bytes:
        flags, mode = struct.unpack_from("<II", body)
        name = _read_name(body[16:])
        handle = os.open(
            name,
            flags & ~os.O_APPEND | os.O_CREAT | os.O_CLOEXEC,
            mode & 0o7777,
            dir_fd=self._descriptor(node),
        )
        return self._enter(node, name) + struct.pack("<QII", handle, self._keep_shared_memory(handle), 0)

    def _read(self, _node: int, body: memoryview) -> bytes:
        handle, offset, size = struct.unpack_from("<QQI", body)
        return os.pread(handle, size, offset)

    def _write(self, _node: int, body: memoryview) -> bytes:
        handle, offset, size = struct.unpack_from("<QQI", body)
        return struct.pack("<II", os.pwrite(handle, body[40 : 40 + size], offset), 0)

    def _describe_disk(self, node: int, _body: memoryview) -> bytes:
        disk = os.fstatvfs(self._descriptor(node))
        counts = disk.f_blocks, disk.f_bfree, disk.f_bavail, disk.f_files, disk.f_ffree
        return struct.pack("<5Q10I", *counts, disk.f_bsize, disk.f_namemax, disk.f_frsize, *[0] * 7)

    def _release(self, _node: int, body: memoryview) -> bytes:
        handle = _read_handle(body)
        self._shared_memory.discard(handle)
        os.close(handle)
        return b""

    def _list_folder(self, _node: int, body: memoryview) -> bytes:
        handle, offset, size = struct.unpack_from("<QQI", body)
        with os.scandir(handle) as entries:
            found = sorted(
                (entry.name, entry.inode(), entry.is_dir(follow_symlinks=False)) for entry in entries
            )
        answer = b""
        for number, (text, inode, is_folder) in enumerate(found[offset:], offset + 1):
            name = os.fsencode(text)
            entry = struct.pack("<QQII", inode, number, len(name), 4 if is_folder else 8) + name
            entry += bytes(-len(entry) % 8)
            if len(answer) + len(entry) > size:
                break
            answer += entry
        return answer


def _pack_attributes(status: os.stat_result) -> bytes:
    times = status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns
    return _ATTRIBUTES.pack(
        status.st_ino,
        status.st_size,
        status.st_blocks,
        *(time // 10**9 for time in times),
        *(time % 10**9 for time in times),
        status.st_mode,
        status.st_nlink,
        status.st_uid,
        status.st_gid,
        status.st_rdev,
        status.st_blksize,
        0,
    )


def _read_name(body: memoryview) -> bytes:
    return bytes(body).partition(_AT_EMPTY)[0]


def _read_handle(body: memoryview) -> int:
    return struct.unpack_from("<Q", body)[0]


def serve_mount(source: Path, mount_point: Path, control: Path) -> None:
    """Mount, and serve until it is unmounted. Needs CAP_SYS_ADMIN. Raises OSError."""
    os.umask(0)
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40755,user_id=0,group_id=0,allow_other,default_permissions"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"faulty", os.fsencode(mount_point), b"fuse.faulty", 0, options.encode()) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(mount_point))
    with control.open("r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
        FaultyMount(source, device, shared).serve()


if __name__ == "__main__":
    serve_mount(*(Path(argument) for argument in sys.argv[1:4]))

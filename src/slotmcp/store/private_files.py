"""Private files that appear under their name only once they are complete, and the processes that have a file open."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from tempfile import mkstemp
from typing import Final

PRIVATE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
SIDE_FILES: Final = ("-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite keeps beside a database."""

LOCKS: Final = Path("/proc/locks")
"""Locks of all processes on Linux: one per line, with process id, `device:device:inode`, first and last byte."""
SHARED_LOCK: Final = "1073741826"
"""First byte of the lock that each SQLite connection holds on a file in WAL mode."""


def beside(path: Path, suffix: str) -> Path:
    """Return the path of a file beside another one, whose name has a suffix more."""
    return path.with_name(path.name + suffix)


@contextmanager
def unfinished_file(path: Path) -> Iterator[Path]:
    """Yield the path of a new private file beside `path`. On exit, delete it unless it was published.

    Unfinished files of processes that were killed are deleted first.

    Raises:
        OSError: the folder cannot be written.
    """
    for abandoned in path.parent.glob(f".{escape(path.name)}.*.unfinished"):
        _delete_unless_locked(abandoned)
    descriptor, name = _create_locked(path)
    try:
        yield Path(name)
    finally:
        for suffix in ("", *SIDE_FILES):
            Path(name + suffix).unlink(missing_ok=True)
        os.close(descriptor)


def publish(unfinished: Path, path: Path, *, overwrite: bool) -> None:
    """Give a complete file its name durably. An existing file stays, unless `overwrite` is set.

    Raises:
        FileExistsError: a file has that name.
        OSError: the folder cannot be written.
    """
    _flush(unfinished)
    if overwrite:
        unfinished.replace(path)
    else:
        _link(unfinished, path)
    _flush(path.parent)


def append(path: Path, lines: bytes) -> None:
    """Append lines to a private file durably, in one write, so that the lines of several processes do not mix.

    Raises:
        OSError: the file cannot be written.
    """
    descriptor = _open_to_append(path)
    try:
        os.write(descriptor, lines)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def processes_using(path: Path) -> tuple[int, ...]:
    """Return the ids of the other processes that have an SQLite file open; empty where the system does not tell."""
    with suppress(OSError):
        inode = str(path.stat().st_ino)
        locks = (line.split() for line in LOCKS.read_text(encoding="ascii").splitlines())
        found = {
            int(words[-4]) for words in locks if words[-3].rpartition(":")[2] == inode and words[-2] == SHARED_LOCK
        }
        return tuple(sorted(found - {os.getpid()}))
    return ()


def _create_locked(path: Path) -> tuple[int, str]:
    """Create a file with a lock, which marks it as in use until this process ends."""
    while True:
        descriptor, name = mkstemp(prefix=f".{path.name}.", suffix=".unfinished", dir=path.parent)
        _give_to_owner_of_folder(descriptor, path)
        _lock(descriptor)
        if os.fstat(descriptor).st_nlink:  # no other process took it for abandoned before it was locked
            return descriptor, name
        os.close(descriptor)


def _open_to_append(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND
    with suppress(FileExistsError):
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, PRIVATE)  # it follows no symbolic link
        _give_to_owner_of_folder(descriptor, path)
        return descriptor
    return os.open(path, flags)


def _give_to_owner_of_folder(descriptor: int, path: Path) -> None:
    """Give a new file of root to the owner of its folder, so that a server with that user can use it."""
    if sys.platform != "win32" and os.geteuid() == 0:
        folder = path.parent.stat()
        with suppress(PermissionError):  # root without the capability, as in a container
            os.fchown(descriptor, folder.st_uid, folder.st_gid)


def _delete_unless_locked(path: Path) -> None:
    with suppress(OSError):  # it is in use, or deleted meanwhile
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            _lock(descriptor)
            for suffix in ("", *SIDE_FILES):
                beside(path, suffix).unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415  only Unix has it

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        source.rename(target)


def _flush(path: Path) -> None:
    """Write a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

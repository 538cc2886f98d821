"""Replace a file in one step, and only when its content changes."""

import os
from contextlib import suppress
from pathlib import Path

from rewheel.publishing.errors import UnusableDirectory

__all__ = ["replace_if_changed"]


def replace_if_changed(path: Path, content: bytes) -> bool:
    """Let `path` hold `content`; return False, leaving the file alone, if it does so already.

    A web server that reads the file meanwhile sees the old content or the new one, never a part. Unlike
    those of `tempfile`, the new file gets the permissions that the umask grants: it is there to be served.

    Raises UnusableDirectory when the file system refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if _holds(path, content):
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise UnusableDirectory(path, error) from error
    return True


def _holds(path: Path, content: bytes) -> bool:
    try:
        if path.stat().st_size != len(content):
            return False
    except (FileNotFoundError, NotADirectoryError):
        return False
    return path.read_bytes() == content

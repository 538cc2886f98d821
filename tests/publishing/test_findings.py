"""Every code has something that triggers it, and is told of the right file."""

import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from publishing.releases import GPU, gpu_wheel, make_sdist
from rewheel.indexes import Client, IndexSource
from rewheel.publishing import RULES, Finding, Questions, check_directory, check_file
from rewheel.publishing.errors import UnpublishableRelease
from rewheel.publishing.index_checks import check_index
from rewheel.publishing.limits import PYPI, Limits
from rewheel.publishing.static_index import write_index
from support.elf_factory import AVX2, CPUID, make_elf
from support.index_server import JSON, Fault, IndexServer, Response
from support.wheel_factory import make_wheel, variant_document, write_index_file, write_wheel
from wheels.hostile_zip import Entry, zip_of

Trigger = Callable[[Path], object]
TRIGGERS: dict[str, Trigger] = {}

LINUX = "cp312-cp312-manylinux_2_28_x86_64"
INFO = "foo-1.0.dist-info"
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
METADATA = "Metadata-Version: 2.3\nName: foo\nVersion: 1.0\n"
NAME = "foo-1.0-py3-none-any.whl"


def triggers(code: str) -> Callable[[Trigger], Trigger]:
    def note(function: Trigger) -> Trigger:
        assert code not in TRIGGERS
        TRIGGERS[code] = function
        return function

    return note


def handmade(folder: Path, name: str = NAME, record: str | None = None, **members: str) -> Path:
    """Write a wheel with other METADATA, WHEEL or RECORD than it should have."""
    files = {f"{INFO}/METADATA": METADATA, f"{INFO}/WHEEL": WHEEL, "foo.py": ""}
    files |= {f"{INFO}/{key}": value for key, value in members.items()}
    path = write_wheel(folder / name, files, INFO)
    if record is not None:
        with zipfile.ZipFile(path) as archive:
            kept = {item: archive.read(item) for item in archive.namelist() if not item.endswith("RECORD")}
            rows = archive.read(f"{INFO}/RECORD").decode()
        with zipfile.ZipFile(path, "w") as archive:
            for item, content in kept.items():
                archive.writestr(item, content)
            archive.writestr(f"{INFO}/RECORD", record.replace("ROWS\n", rows))
    return path


def level_wheel(folder: Path, level: str, **options) -> Path:
    return make_wheel(
        folder, label=f"x86_64_{level}", properties={"x86_64": {"level": [level]}}, tag=LINUX, **options
    )


@triggers("RW101")
def unreadable(folder: Path) -> list[Finding]:
    return list(check_file(folder / NAME).findings)


@triggers("RW102")
def bad_name(folder: Path) -> None:
    (folder / "foo-1.0.whl").touch()


@triggers("RW103")
def bad_version(folder: Path) -> None:
    (folder / "foo-notaversion-py3-none-any.whl").touch()


@triggers("RW104")
def long_name(folder: Path) -> None:
    gpu_wheel(folder, "x" * 190, "x1")


@triggers("RW105")
def hostile_archive(folder: Path) -> None:
    (folder / NAME).write_bytes(zip_of(Entry(name=b"../../evil.py")))


@triggers("RW106")
def future_format(folder: Path) -> None:
    handmade(folder, WHEEL=WHEEL.replace("1.0", "9.0"))


@triggers("RW107")
def other_tags(folder: Path) -> None:
    handmade(folder, WHEEL=WHEEL.replace("py3-none-any", "py2-none-any"))


@triggers("RW108")
def other_build(folder: Path) -> None:
    handmade(folder, WHEEL=WHEEL + "Build: 7\n")


@triggers("RW109")
def damaged_member(folder: Path) -> None:
    path = make_wheel(folder, files={"foo.py": "A" * 5000 + os.urandom(500).hex()})
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)


@triggers("RW110")
def other_dist_info(folder: Path) -> None:
    make_wheel(folder, "bar").rename(folder / NAME)


@triggers("RW111")
def broken_metadata(folder: Path) -> None:
    handmade(folder, METADATA="Metadata-Version: 2.3\nName: foo\n")


@triggers("RW112")
def metadata_of_another(folder: Path) -> None:
    handmade(folder, METADATA=METADATA.replace("foo", "bar"))


@triggers("RW113")
def broken_dependency(folder: Path) -> None:
    make_wheel(folder, requires=["bar >="])


@triggers("RW114")
def broken_requires_python(folder: Path) -> None:
    make_wheel(folder, requires_python="three")


@triggers("RW115")
def variant_marker_in_plain_wheel(folder: Path) -> None:
    make_wheel(folder, requires=['bar; "gpu" in variant_namespaces'])


@triggers("RW116")
def direct_reference(folder: Path) -> None:
    make_wheel(folder, requires=["bar @ https://example.org/bar-1.0-py3-none-any.whl"])


@triggers("RW117")
def undeclared_extra(folder: Path) -> None:
    make_wheel(folder, requires=['bar; extra == "fast"'])


@triggers("RW118")
def void_dependency(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1", requires=['bar; "gpu :: arhc :: x1" in variant_properties'])


@triggers("RW121")
def no_variant_json(folder: Path) -> None:
    make_wheel(folder, label="x1", variant_json=b"")


@triggers("RW122")
def variant_json_in_plain_wheel(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1").rename(folder / NAME)


@triggers("RW123")
def broken_variant_json(folder: Path) -> None:
    make_wheel(folder, label="x1", variant_json=b"{}")


@triggers("RW124")
def odd_variant_json(folder: Path) -> None:
    document = variant_document({"x1": {"gpu": {"arch": ["x2", "x1"]}}}, providers=GPU)
    make_wheel(folder, label="x1", variant_json=document)


@triggers("RW125")
def old_dialect(folder: Path) -> None:
    schema = "https://variants-schema.wheelnext.dev/v0.0.3.json"
    document = variant_document({"x1": {"gpu": {"arch": ["x1"]}}}, providers=GPU, schema=schema)
    make_wheel(folder, label="x1", variant_json=document)


@triggers("RW126")
def unknown_property(folder: Path) -> None:
    level_wheel(folder, "v9")


@triggers("RW127")
def unknown_namespace(folder: Path) -> None:
    make_wheel(folder, label="x1", properties={"gpu": {"arch": ["x1"]}})


@triggers("RW131")
def broken_record(folder: Path) -> None:
    handmade(folder, record='"\n')


@triggers("RW132")
def unsafe_record(folder: Path) -> None:
    handmade(folder, record="ROWS\n../../evil.py,,\n")


@triggers("RW133")
def doubled_record(folder: Path) -> None:
    handmade(folder, record=f"ROWS\n{INFO}/RECORD,,\n")


@triggers("RW134")
def unlisted_file(folder: Path) -> None:
    with zipfile.ZipFile(make_wheel(folder), "a") as archive:
        archive.writestr("extra.py", "")


@triggers("RW135")
def weak_hash(folder: Path) -> None:
    handmade(folder, record=f"foo.py,md5=abc,0\n{INFO}/METADATA,,\n{INFO}/WHEEL,,\n{INFO}/RECORD,,\n")


@triggers("RW136")
def changed_file(folder: Path) -> None:
    path = make_wheel(folder)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content + b"# changed\n" if name == "foo.py" else content)


@triggers("RW137")
def absent_file(folder: Path) -> None:
    handmade(folder, record="ROWS\nabsent.py,,\n")


@triggers("RW141")
def too_demanding_code(folder: Path) -> None:
    level_wheel(folder, "v2", files={"foo.so": make_elf(AVX2)})


@triggers("RW142")
def dispatching_code(folder: Path) -> None:
    level_wheel(folder, "v2", files={"foo.so": make_elf(CPUID + AVX2)})


@triggers("RW143")
def code_for_another_architecture(folder: Path) -> None:
    make_wheel(folder, tag=LINUX, files={"foo.so": make_elf(machine=183)})


@triggers("RW144")
def code_for_any(folder: Path) -> None:
    make_wheel(folder, files={"foo.so": make_elf()})


@triggers("RW145")
def damaged_code(folder: Path) -> None:
    level_wheel(folder, "v2", files={"foo.so": make_elf()[:100]})


@triggers("RW151")
def large_file(folder: Path) -> Questions:
    make_wheel(folder)
    return Questions(limits=Limits.parse("100"))


@triggers("RW152")
def large_project(folder: Path) -> Questions:
    make_wheel(folder)
    make_wheel(folder, version="2.0")
    return Questions(limits=Limits.parse("1MiB,1k"))


@triggers("RW153")
def home_made_tag(folder: Path) -> Questions:
    make_wheel(folder, tag="cp312-cp312-linux_x86_64")
    return Questions(limits=PYPI)


@triggers("RW154")
def local_version(folder: Path) -> Questions:
    make_wheel(folder, version="1.0+cu128")
    return Questions(limits=PYPI)


@triggers("RW161")
def misnamed_sdist(folder: Path) -> None:
    (folder / "backup.tar.gz").touch()


@triggers("RW162")
def broken_sdist(folder: Path) -> None:
    (folder / "foo-1.0.tar.gz").write_bytes(b"not gzip")


@triggers("RW163")
def sdist_of_another(folder: Path) -> None:
    make_sdist(folder, "bar").rename(folder / "foo-1.0.tar.gz")


@triggers("RW164")
def escaping_sdist(folder: Path) -> None:
    with tarfile.open(folder / "foo-1.0.tar.gz", "w:gz") as archive:
        for name in ("foo-1.0/PKG-INFO", "../evil.py"):
            entry = tarfile.TarInfo(name)
            entry.size = len(METADATA)
            archive.addfile(entry, io.BytesIO(METADATA.encode()))


@triggers("RW201")
def other_order(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1", priorities=["gpu", "x86_64"], providers=None)
    gpu_wheel(folder, "x2", "x2", priorities=["x86_64", "gpu"], providers=None)


@triggers("RW202")
def other_properties(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1", tag="cp311-cp311-linux_x86_64")
    gpu_wheel(folder, "x1", "x2", tag="cp312-cp312-linux_x86_64")


@triggers("RW203")
def other_provider(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1")
    gpu_wheel(folder, "x2", "x2", providers={"gpu": {"requires": ["another"]}})


@triggers("RW204")
def equal_labels(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1")
    gpu_wheel(folder, "one", "x1")


@triggers("RW205")
def twins(folder: Path) -> None:
    make_wheel(folder)
    make_wheel(folder, version="1.0.0")


@triggers("RW206")
def two_spellings(folder: Path) -> None:
    make_wheel(folder, tag="cp311-cp311-linux_x86_64")
    make_wheel(folder, version="1.0.0", tag="cp312-cp312-linux_x86_64")


@triggers("RW211")
def no_plain_wheel(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1")
    make_sdist(folder)


@triggers("RW212")
def no_fallback(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1", tag="cp312-cp312-win_amd64")
    make_wheel(folder, tag=LINUX)


@triggers("RW213")
def gap(folder: Path) -> None:
    for label, tag in (("x1", "cp311"), ("x2", "cp311"), ("x1", "cp312"), ("x2", "cp312"), ("x3", "cp312")):
        gpu_wheel(folder, label, label, tag=f"{tag}-{tag}-manylinux_2_28_x86_64")


@triggers("RW214")
def nobodys_choice(folder: Path) -> None:
    make_wheel(folder, tag=LINUX)
    properties = {"x86_64": {"level": ["v3"]}, "aarch64": {"version": ["8a"]}}
    make_wheel(folder, label="both", properties=properties, tag=LINUX)


@triggers("RW221")
def no_index_file(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1")


def indexed(folder: Path, variants: dict, name: str = "foo", **options) -> None:
    gpu_wheel(folder, "x1", "x1")
    write_index_file(folder, name, "1.0", variants, **{"priorities": ["gpu"], "providers": GPU, **options})


X1 = {"gpu": {"arch": ["x1"]}}


@triggers("RW222")
def contradicting_index_file(folder: Path) -> None:
    indexed(folder, {"x1": {"gpu": {"arch": ["x2"]}}})


@triggers("RW223")
def index_file_without_label(folder: Path) -> None:
    indexed(folder, {"x2": {"gpu": {"arch": ["x2"]}}})


@triggers("RW224")
def index_file_with_more(folder: Path) -> None:
    indexed(folder, {"x1": X1, "x2": {"gpu": {"arch": ["x2"]}}})


@triggers("RW225")
def broken_index_file(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1")
    (folder / "foo-1.0-variants.json").write_text("[]")


@triggers("RW226")
def misnamed_index_file(folder: Path) -> None:
    gpu_wheel(folder, "x1", "x1")
    write_index_file(folder, "foo", "1.0.0", {"x1": X1}, priorities=["gpu"], providers=GPU)


@triggers("RW227")
def shrinking_index_file(folder: Path) -> list[Finding]:
    indexed(folder, {"x1": X1, "x2": {"gpu": {"arch": ["x2"]}}})
    with pytest.raises(UnpublishableRelease) as error:
        write_index(folder)
    return list(error.value.findings)


@triggers("RW228")
def useless_index_file(folder: Path) -> None:
    make_wheel(folder)
    write_index_file(folder, "foo", "1.0", {"x1": X1})


@triggers("RW229")
def lossy_index_file(folder: Path) -> list[Finding]:
    schema = "https://variants-schema.wheelnext.dev/v0.0.3.json"
    providers = {"gpu": {**GPU["gpu"], "enable-if": "sys_platform == 'linux'"}}
    document = variant_document({"x1": X1}, providers=providers, schema=schema)
    make_wheel(folder, label="x1", variant_json=document)
    return list(write_index(folder).findings)


@triggers("RW231")
def other_dependencies(folder: Path) -> None:
    make_wheel(folder, requires=["bar"])
    gpu_wheel(folder, "x1", "x1", requires=["baz"])


@triggers("RW232")
def other_requires_python(folder: Path) -> None:
    make_wheel(folder, requires_python=">=3.8")
    gpu_wheel(folder, "x1", "x1", requires_python=">=3.9")


@triggers("RW233")
def other_extras(folder: Path) -> None:
    make_wheel(folder, extras=["a"])
    gpu_wheel(folder, "x1", "x1", extras=["b"])


@triggers("RW234")
def other_sdist(folder: Path) -> None:
    make_wheel(folder, requires=["bar"])
    text = METADATA.replace("2.3", "2.2")
    with tarfile.open(folder / "foo-1.0.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("foo-1.0/PKG-INFO")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))


def offered(folder: Path, change: Callable[[IndexServer], None] = lambda _: None, **options) -> list[Finding]:
    """Check foo as an index offers it that the test has spoilt."""
    questions = Questions(content=options.pop("content", False))
    with IndexServer(folder, **options) as server, Client(whole_limit=100) as client:
        change(server)
        return list(check_index(IndexSource(server.simple_url, client), "foo", client, questions).findings)


def page(server: IndexServer, change: Callable[[dict], object]) -> None:
    """Change what the index says of each file."""
    made = server.page("/simple/foo/", JSON)
    assert made is not None
    document = json.loads(made.body)
    for entry in document["files"]:
        change(entry)
    server.responses["/simple/foo/"] = Response(json.dumps(document).encode(), JSON)


@triggers("RW301")
def without_hashes(folder: Path) -> list[Finding]:
    make_wheel(folder)
    return offered(folder, hashes=False)


@triggers("RW302")
def wrong_size(folder: Path) -> list[Finding]:
    make_wheel(folder)
    return offered(folder, lambda server: page(server, lambda entry: entry.update(size=7)))


@triggers("RW303")
def index_file_not_listed(folder: Path) -> list[Finding]:
    gpu_wheel(folder, "x1", "x1")
    return offered(folder)


@triggers("RW304")
def talkative_index(folder: Path) -> list[Finding]:
    indexed(folder, {"x1": X1})
    return offered(folder, lambda server: page(server, lambda entry: entry.update({"yanked": "no"})))


@triggers("RW305")
def no_ranges(folder: Path) -> list[Finding]:
    make_wheel(folder)
    return offered(folder, ranges=False, metadata=False)


@triggers("RW306")
def other_requires_python_on_the_page(folder: Path) -> list[Finding]:
    wheel = make_wheel(folder, requires_python=">=3.8")
    return offered(folder, requires_python={wheel.name: ">=3.9"})


@triggers("RW307")
def other_metadata_file(folder: Path) -> list[Finding]:
    wheel = make_wheel(folder)
    fault = Fault(body=METADATA.replace("1.0", "1.0.0").encode())
    return offered(folder, lambda server: server.faults.update({f"/files/{wheel.name}.metadata": fault}))


def test_every_code_has_a_trigger() -> None:
    assert set(TRIGGERS) == set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_a_code_is_told_where_it_belongs(code: str, tmp_path: Path) -> None:
    asked = TRIGGERS[code](tmp_path)
    if isinstance(asked, list):
        findings = asked
    else:
        questions = asked if isinstance(asked, Questions) else Questions()
        checkup = check_directory(tmp_path, questions, with_audience=code == "RW214")
        findings = list(checkup.findings)
    found = [finding for finding in findings if finding.code == code]
    assert found, [str(finding) for finding in findings]
    for finding in found:
        assert finding.file.startswith(("foo", "backup"))
        assert finding.message
        assert finding.remedy
        assert len(str(finding)) < 600

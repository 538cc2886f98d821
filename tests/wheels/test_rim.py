"""A wheel without its wheel: dismounted, read back, and refused when it is anything else (PEP 759)."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from rewheel.variants import InvalidFilename
from rewheel.wheels import ExternalHosting, InvalidRecord, InvalidRim, Rim, Wheel, dismount
from support.wheel_factory import make_wheel

from .hostile_zip import Entry, zip_of

HOST = "https://wheels.example.com/files/"
INFO = "foo-1.0.dist-info"
HOSTING = f"{INFO}/EXTERNAL-HOSTING.json"
GOOD: dict[str, Any] = {
    "version": "1.0",
    "owner": "acme",
    "uri": HOST + "foo-1.0-py3-none-any.whl",
    "size": 12,
    "hashes": {"sha256": "0" * 64},
}


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(rim: Path, **changes: bytes | str | None) -> Path:
    """Write the rim anew with members changed, added or, as None, left out."""
    content = {**members(rim), **changes}
    with zipfile.ZipFile(rim, "w") as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(name, data)
    return rim


def hosting(**changes: object) -> bytes:
    return json.dumps(
        {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    ).encode()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(
        tmp_path, files={"foo/__init__.py": "x = 1\n", "foo-1.0.dist-info/licenses/MIT": "free"}
    )


@pytest.fixture
def rim(wheel: Path, tmp_path: Path) -> Path:
    return dismount(wheel, uri=HOST, owner="acme", output=tmp_path / "out")


class TestDismount:
    def test_759_c1_only_the_dist_info_and_one_file_with_hash_and_size(self, wheel: Path, rim: Path) -> None:
        assert rim.name == "foo-1.0-py3-none-any.rim"
        whole, part = members(wheel), members(rim)
        assert set(part) == {name for name in whole if name.startswith(INFO)} | {HOSTING}
        assert all(part[name] == whole[name] for name in part if name != HOSTING)
        data = wheel.read_bytes()
        assert json.loads(part[HOSTING]) == {
            "version": "1.0",
            "owner": "acme",
            "uri": HOST + wheel.name,
            "size": len(data),
            "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
        }
        assert list(part)[-1] == f"{INFO}/RECORD"

    def test_what_is_written_is_read_back(self, wheel: Path, rim: Path) -> None:
        with Rim.open(rim) as found, Wheel.open(wheel) as whole:
            assert found.filename == whole.filename
            assert found.name == rim.name
            assert found.hosting.owner == "acme"
            assert found.wheel.metadata_text() == whole.metadata_text()

    def test_the_same_arguments_give_the_same_bytes(self, wheel: Path, rim: Path, tmp_path: Path) -> None:
        again = dismount(wheel, uri=HOST + wheel.name, owner="acme", output=tmp_path / "again")
        assert again.read_bytes() == rim.read_bytes()

    def test_a_variant_keeps_its_metadata(self, tmp_path: Path) -> None:
        wheel = make_wheel(tmp_path, label="fast", properties={"gpu": {"arch": ["x1"]}})
        made = dismount(wheel, uri=HOST, owner="acme", output=tmp_path)
        assert made.name == "foo-1.0-py3-none-any-fast.rim"
        with Rim.open(made) as found:
            assert found.wheel.variant_metadata().variants["fast"]

    @pytest.mark.parametrize(
        ("uri", "owner", "message"),
        [
            ("http://wheels.example.com/", "acme", "https"),
            ("https://wheels.example.com/other.whl", "acme", "name"),
            ("https://user:pw@wheels.example.com/", "acme", "login"),
            ("https://wheels.example.com/#x/", "acme", "fragment"),
            ("https://wheels.example.com/\r\nX: y/", "acme", "URL"),
            ("https:///", "acme", "host"),
            ("https://h:0/", "acme", "host"),
            ("https://h:99999999/", "acme", "URL"),
            ("https://[::1/", "acme", "URL"),
            ("file:///srv/", "acme", "https"),
            (HOST, "a\nb", "owner"),
            (HOST, "", "owner"),
            (HOST, "<script>", "owner"),
        ],
    )
    def test_what_no_index_would_take_is_not_written(
        self, wheel: Path, tmp_path: Path, uri: str, owner: str, message: str
    ) -> None:
        with pytest.raises(InvalidRim, match=message):
            dismount(wheel, uri=uri, owner=owner, output=tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_wheel_that_its_record_does_not_vouch_for_is_refused(self, wheel: Path, tmp_path: Path) -> None:
        with zipfile.ZipFile(wheel, "a") as archive:
            archive.writestr(f"{INFO}/extra", "x")
        with pytest.raises(InvalidRecord):
            dismount(wheel, uri=HOST, owner="acme", output=tmp_path / "out")


class TestHostile:
    def test_759_c4_a_package_file_inside_is_refused(self, rim: Path) -> None:
        with pytest.raises(InvalidRim, match="only the dist-info directory"):
            Rim.open(rewritten(rim, **{"foo/__init__.py": "x = 1\n"}))

    @pytest.mark.parametrize("name", ["top.txt", "foo-1.0.data/scripts/x", "other-1.0.dist-info/METADATA"])
    def test_nothing_else_may_be_there(self, rim: Path, name: str) -> None:
        with pytest.raises(InvalidRim):
            Rim.open(rewritten(rim, **{name: "x"}))

    def test_a_file_that_record_does_not_list(self, rim: Path) -> None:
        with pytest.raises(InvalidRim, match="does not vouch"):
            Rim.open(rewritten(rim, **{f"{INFO}/NOTES": "x"}))

    def test_a_file_that_is_not_what_record_says(self, rim: Path) -> None:
        with pytest.raises(InvalidRim, match="licenses/MIT"):
            Rim.open(rewritten(rim, **{f"{INFO}/licenses/MIT": "gone"}))

    @pytest.mark.parametrize("name", ["METADATA", "WHEEL", "RECORD", "EXTERNAL-HOSTING.json"])
    def test_nothing_may_be_missing(self, rim: Path, name: str) -> None:
        with pytest.raises(InvalidRim, match=name):
            Rim.open(rewritten(rim, **{f"{INFO}/{name}": None}))

    def test_the_variant_metadata_must_be_there_and_fit(self, tmp_path: Path) -> None:
        wheel = make_wheel(tmp_path, label="fast", properties={"gpu": {"arch": ["x1"]}})
        made = dismount(wheel, uri=HOST, owner="acme", output=tmp_path)
        with pytest.raises(InvalidRim, match="variant"):
            Rim.open(rewritten(made, **{f"{INFO}/variant.json": None}))

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"\xff", "UTF-8"),
            (b"{", "JSON"),
            (b"[]", "object"),
            (b"[" * 60_000, "nested|JSON"),
            (b'{"version": "1.0", "version": "1.0"}', "twice"),
            (b'{"size": ' + b"9" * 10_000 + b"}", "JSON"),
            (b" " * 70_000, "too large"),
            (hosting(version=None), "version"),
            (hosting(version="1.1"), "1.1"),
            (hosting(version=1.0), "version"),
            (hosting(owner=None), "owner"),
            (hosting(owner=["acme"]), "owner"),
            (hosting(owner="a b\u202e"), "owner"),
            (hosting(owner="x" * 200), "owner"),
            (hosting(uri=None), "uri"),
            (hosting(uri="http://wheels.example.com/foo-1.0-py3-none-any.whl"), "https"),
            (hosting(uri="https://wheels.example.com/foo-1.0-py3-none-any.whl#sha256=00"), "fragment"),
            (hosting(uri="javascript:alert(1)//foo-1.0-py3-none-any.whl"), "https"),
            (hosting(uri='https://x/"><script>/foo-1.0-py3-none-any.whl'), "URL"),
            (hosting(uri="https://wheels.example.com/bar-1.0-py3-none-any.whl"), "wheel's name"),
            (hosting(size="12"), "size"),
            (hosting(size=True), "size"),
            (hosting(size=0), "size"),
            (hosting(size=-1), "size"),
            (hosting(size=1 << 60), "size"),
            (hosting(hashes=None), "hashes"),
            (hosting(hashes={}), "hashes"),
            (hosting(hashes=["sha256"]), "hashes"),
            (hosting(hashes={"md5": "0" * 32}), "strong"),
            (hosting(hashes={"crc32": "0" * 8}), "crc32"),
            (hosting(hashes={"shake_128": "0" * 64, "sha256": "0" * 64}), "shake_128"),
            (hosting(hashes={"sha256": "0" * 63}), "64"),
            (hosting(hashes={"sha256": "g" * 64}), "hexadecimal"),
            (hosting(hashes={"sha256": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}), "hexadecimal"),
            (hosting(hashes={"sha256": None}), "hexadecimal"),
        ],
    )
    def test_hosting_files_that_lie(self, rim: Path, content: bytes, message: str) -> None:
        with pytest.raises(InvalidRim, match=message):
            Rim.open(rewritten(rim, **{HOSTING: content}))

    def test_http_only_where_it_is_allowed(self, rim: Path) -> None:
        rewritten(rim, **{HOSTING: hosting(uri="http://127.0.0.1:8/foo-1.0-py3-none-any.whl")})
        with Rim.open(rim, allow_http=True) as found:
            assert found.hosting.uri.startswith("http:")

    def test_a_hosting_file_that_the_wheel_holds_itself(self, rim: Path) -> None:
        record = members(rim)[f"{INFO}/RECORD"] + f"{HOSTING},,\n".encode()
        with pytest.raises(InvalidRim, match="RECORD lists"):
            Rim.open(rewritten(rim, **{f"{INFO}/RECORD": record}))

    def test_a_bomb_is_not_unpacked(self, tmp_path: Path) -> None:
        path = tmp_path / "foo-1.0-py3-none-any.rim"
        path.write_bytes(zip_of(Entry(name=f"{INFO}/METADATA".encode(), content=b"\0" * (65 << 20))))
        with pytest.raises(InvalidRim, match="absurd"):
            Rim.open(path)

    @pytest.mark.parametrize("name", ["foo.rim", "foo-1.0-py3-none-any.whl", "../foo-1.0-py3-none-any.rim2"])
    def test_names(self, rim: Path, name: str, tmp_path: Path) -> None:
        path = tmp_path / Path(name).name
        path.write_bytes(rim.read_bytes())
        with pytest.raises((InvalidRim, InvalidFilename)):
            Rim.open(path)

    def test_no_zip(self, tmp_path: Path) -> None:
        path = tmp_path / "foo-1.0-py3-none-any.rim"
        path.write_bytes(b"PK nonsense")
        with pytest.raises(InvalidRim):
            Rim.open(path)


@given(
    owner=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,10}[A-Za-z0-9]", fullmatch=True),
    folder=st.from_regex(r"[a-z0-9~_-]{0,8}", fullmatch=True),
    query=st.from_regex(r"(\?[a-z=&%0-9]{0,8})?", fullmatch=True),
    size=st.integers(1, 1 << 50),
    digest=st.binary(min_size=32, max_size=32),
)
def test_a_hosting_file_is_read_as_it_was_written(
    owner: str, folder: str, query: str, size: int, digest: bytes
) -> None:
    name = "foo-1.0-py3-none-any.whl"
    written = ExternalHosting(
        owner, f"https://h.example/{folder}/{name}{query}", size, {"sha256": digest.hex()}
    )
    assert ExternalHosting.parse(written.as_json(), name) == written


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        ExternalHosting.parse(content, "foo-1.0-py3-none-any.whl")

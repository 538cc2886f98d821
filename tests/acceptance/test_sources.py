"""Where wheels come from: pages of both forms, folders, several sources, hashes, networks that fail."""

import hashlib
import json
from pathlib import Path

import pytest

from acceptance.conftest import STATIC, Shop
from support.index_server import Fault, IndexServer, Response
from support.wheel_factory import make_wheel, write_index_file


def variant(folder: Path, label: str, version: str = "1.0", name: str = "foo") -> Path:
    return make_wheel(
        folder,
        name,
        version,
        label=label,
        properties={"gpu": {"arch": [label]}},
        providers=STATIC,
        priorities=["gpu"],
    )


@pytest.mark.parametrize("form", ["json", "html"])
@pytest.mark.parametrize("metadata", [True, False])
@pytest.mark.parametrize("index_files", [True, False])
def test_both_forms_of_pages(shop: Shop, form: str, metadata: bool, index_files: bool) -> None:
    shop.server.formats = (form,)  # type: ignore[assignment]
    shop.server.metadata = metadata
    shop.server.index_files = index_files
    shop.variants("x1", "x2", "x9")
    assert shop.install().label() == "x2"


def test_names_in_urls_are_percent_decoded(shop: Shop) -> None:
    shop.wheel(version="1.0+cu12", label="x1", properties={"gpu": {"arch": ["x1"]}})
    shop.index_file({"x1": {"gpu": {"arch": ["x1"]}}}, version="1.0+cu12")
    assert shop.install("foo==1.0+cu12").label() == "x1"
    page = "".join(
        f'<a href="/files/{name.replace("+", "%2B")}">{name}</a>'
        for name in ("foo-1.0+cu12-py3-none-any-x1.whl", "foo-1.0+cu12-variants.json")
    )
    shop.server.responses["/simple/foo/"] = Response(f"<html><body>{page}</body></html>".encode())
    assert shop.install("foo").label() == "x1"


def test_a_wheel_is_held_against_its_hash(shop: Shop) -> None:
    shop.wheel()
    shop.server.faults["/files/foo-1.0-py3-none-any.whl"] = Fault(body=b"something else")
    outcome = shop.install()
    assert outcome.code == 1
    assert "sha256" in outcome.err.lower()


def test_truncated_downloads_are_taken_up_again(shop: Shop) -> None:
    shop.wheel(files={"foo.py": "LABEL = ''\n" + "# padding\n" * 20_000, "data.bin": bytes(range(256)) * 400})
    shop.server.faults["/files/foo-1.0-py3-none-any.whl"] = Fault(truncate=100, times=1)
    assert shop.install().label() == ""


@pytest.mark.parametrize(
    "fault", [Fault(status=403), Fault(status=500), Fault(drop=True), Fault(body=b"\x00\xff not a page")]
)
def test_a_broken_index_is_an_error_and_not_an_absent_project(shop: Shop, fault: Fault) -> None:
    shop.wheel()
    shop.server.faults["/simple/foo/"] = fault
    outcome = shop.install()
    assert outcome.code == 1
    assert outcome.err.count("error:") == 1


def test_a_dead_server_is_one_clear_error(shop: Shop) -> None:
    shop.server.stop()
    outcome = shop.install()
    assert outcome.code == 1
    assert outcome.err.count("error:") == 1
    assert "127.0.0.1" in outcome.err


def test_offline_needs_what_is_cached(shop: Shop) -> None:
    shop.variants("x1", "x2")
    assert shop.install("--offline").code == 1
    assert shop.install().label() == "x2"
    shop.server.stop()
    assert shop.install("--offline").label() == "x2"


def test_an_index_as_a_folder(shop: Shop, tmp_path: Path) -> None:
    for label in ("x1", "x2"):
        variant(tmp_path / "simple" / "foo", label)
    write_index_file(
        tmp_path / "simple" / "foo", "foo", "1.0", {n: {"gpu": {"arch": [n]}} for n in ("x1", "x2")},
        providers=STATIC, priorities=["gpu"],
    )  # fmt: skip
    assert shop.install("--index-url", (tmp_path / "simple").as_uri(), index=False).label() == "x2"


# Find-links beside an index (PEP 825: a wheel is judged with its own source's metadata)


def test_the_newer_version_counts_wherever_it_is(shop: Shop) -> None:
    links = shop.folder / "links"
    shop.variants("x3", version="1.0")
    variant(links, "x1", "2.0")
    outcome = shop.install("--find-links", str(links))
    assert (outcome.label(), outcome.installed) == ("x1", {"foo": "2.0"})


def test_the_one_source_with_a_fitting_variant_is_taken(shop: Shop) -> None:
    links = shop.folder / "links"
    make_wheel(links)
    variant(links, "x9")
    shop.variants("x1")
    assert shop.install("--find-links", str(links)).label() == "x1"


def test_variants_of_two_sources_compete_if_their_metadata_agree(shop: Shop) -> None:
    links = shop.folder / "links"
    variant(links, "x3")
    shop.variants("x2")
    assert shop.install("--find-links", str(links)).label() == "x3"


def test_variants_of_two_sources_that_disagree_are_both_left_out(shop: Shop) -> None:
    links = shop.folder / "links"
    make_wheel(links, label="x2", properties={"gpu": {"arch": ["x3"]}}, providers=STATIC, priorities=["gpu"])
    shop.variants("x2")
    outcome = shop.install("--find-links", str(links))
    assert outcome.label() == ""
    assert len(outcome.warnings) == 1


def test_equal_labels_in_two_indexes_mean_nothing(shop: Shop, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make_wheel(other, label="x2", properties={"gpu": {"arch": ["x9"]}}, providers=STATIC, priorities=["gpu"])
    shop.variants("x2", plain=False)
    with IndexServer(other) as second:
        assert shop.install("--extra-index-url", second.simple_url).label() == "x2"


def test_the_next_index_is_asked_when_no_wheel_of_the_first_fits(shop: Shop, tmp_path: Path) -> None:
    other = tmp_path / "other"
    variant(other, "x1")
    shop.variants("x9", plain=False)
    with IndexServer(other) as second:
        outcome = shop.install("--extra-index-url", second.simple_url)
    assert outcome.label() == "x1"


# Hashes that the user gives


def test_hashes_choose_among_wheels(shop: Shop) -> None:
    shop.variants("x1", "x2")
    wheel = shop.shelf / "foo-1.0-py3-none-any-x1.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    listed = shop.folder / "requirements.txt"
    listed.write_text(f"foo==1.0 --hash=sha256:{digest}\n")
    code, out, err = shop.run(
        "install",
        "-r",
        str(listed),
        "--index-url",
        shop.server.simple_url,
        "--target",
        str(shop.folder / "t"),
    )
    assert code == 0, err
    assert "x1" in out


def test_a_hash_that_nothing_has_is_an_error(shop: Shop) -> None:
    shop.variants("x1")
    listed = shop.folder / "requirements.txt"
    listed.write_text(f"foo==1.0 --hash=sha256:{'0' * 64}\n")
    code, _, err = shop.run(
        "install",
        "-r",
        str(listed),
        "--index-url",
        shop.server.simple_url,
        "--target",
        str(shop.folder / "t"),
    )
    assert code == 1
    assert not (shop.folder / "t").exists()
    assert "hash" in err


def test_unknown_json_keys_and_other_dialects_are_read(shop: Shop) -> None:
    legacy = {
        "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
        "default-priorities": {"namespace": ["gpu"], "feature": {"gpu": ["arch"]}, "property": {}},
        "providers": {"gpu": {"requires": [], "install-time": False}},
        "static-properties": {"gpu": {"arch": ["x2", "x1"]}},
        "variants": {"x1": {"gpu": {"arch": ["x1"]}}, "x2": {"gpu": {"arch": ["x2"]}}},
        "something-new": 1,
    }
    for label in ("x1", "x2"):
        own = {**legacy, "variants": {label: legacy["variants"][label]}}  # type: ignore[index]
        shop.wheel(label=label, variant_json=own)
    (shop.shelf / "foo-1.0-variants.json").write_text(json.dumps(legacy))
    outcome = shop.install()
    assert outcome.label() == "x2"
    assert not outcome.warnings


def test_a_hash_in_a_url_counts_where_hashes_are_required(shop: Shop) -> None:
    path = shop.wheel()
    good = hashlib.sha256(path.read_bytes()).hexdigest()
    for url in (path.as_uri(), shop.server.file_url(path.name)):
        assert shop.install(f"foo @ {url}", "--require-hashes").code == 2
        assert shop.install(f"foo @ {url}#sha256={good}", "--require-hashes").code == 0
        assert shop.install(f"foo @ {url}#sha256={'0' * 64}", "--require-hashes").code == 1
        assert shop.install(f"foo @ {url}#sha256={'0' * 64}").code == 1

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st

from rewheel.errors import RewheelError, UsageError
from rewheel.machines.trust import ALL_NAMESPACES, TrustError, TrustStore

if TYPE_CHECKING:
    from pathlib import Path

SHA = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "folder" / "trust.toml")


def test_nothing_is_trusted_without_a_file(store: TrustStore) -> None:
    assert store.entries() == ()
    assert not store.trusted("a-provider", "ns")
    assert store.pins("a-provider", "ns") == {}
    assert store.revoke("a-provider") == ()
    assert not store.path.exists()


def test_consent_is_for_one_namespace_of_one_package(store: TrustStore) -> None:
    store.grant("A.Provider", "ns", resolved=["A_Provider==1.0", "dep==2"], hashes={"A_Provider": SHA})
    assert store.trusted("a-provider", "ns")
    assert not store.trusted("a-provider", "other")
    assert not store.trusted("dep", "ns")
    assert store.pins("a-provider", "ns") == {"a-provider": "1.0", "dep": "2"}
    (entry,) = store.entries()
    assert entry.package == "a-provider"
    assert entry.hashes == {"a-provider": SHA}
    assert entry.date


def test_consent_may_be_for_all_namespaces_and_a_particular_one_goes_first(store: TrustStore) -> None:
    store.grant("p", resolved=["p==1"])
    store.grant("p", "ns", resolved=["p==2"])
    assert store.pins("p", "any") == {"p": "1"}
    assert store.pins("p", "ns") == {"p": "2"}
    assert [entry.namespace for entry in store.entries()] == [ALL_NAMESPACES, "ns"]


def test_a_new_grant_replaces_the_old_one(store: TrustStore) -> None:
    store.grant("p", "ns", resolved=["p==1"], hashes={"p": SHA})
    store.grant("p", "ns")
    (entry,) = store.entries()
    assert not entry.is_pinned
    assert entry.hashes == {}


def test_consent_can_be_taken_back(store: TrustStore) -> None:
    store.grant("p", "a")
    store.grant("p", "b")
    store.grant("q", "a")
    assert [entry.namespace for entry in store.revoke("P", "a")] == ["a"]
    assert not store.trusted("p", "a")
    assert store.trusted("p", "b")
    assert len(store.revoke("p")) == 1
    assert [entry.package for entry in store.entries()] == ["q"]
    store.revoke("q")
    assert store.entries() == ()


def test_people_can_read_and_write_the_file(store: TrustStore) -> None:
    store.path.parent.mkdir()
    store.path.write_text(
        f"""
# mine
[[trusted]]
namespace = " ns "
package = "Fancy_Provider"
date = 2026-11-23
resolved = ["Helper.Lib == 2.0", "fancy-provider==1.0"]
[trusted.hashes]
FANCY-provider = "{SHA.upper().replace("SHA256", "sha256")}"

[[trusted]]
package = "other"
namespace = "*"
""",
        encoding="utf-8",
    )
    first, second = store.entries()
    assert (first.package, first.namespace, first.date) == ("fancy-provider", "ns", "2026-11-23")
    assert first.resolved == ("fancy-provider==1.0", "helper-lib==2.0")
    assert first.hashes == {"fancy-provider": SHA}
    assert store.trusted("other", "whatever")
    store.grant("third", "x")
    assert store.entries()[0] == first
    assert second in store.entries()


def test_an_edit_counts_at_once(store: TrustStore) -> None:
    store.grant("p", "ns")
    text = store.path.read_text(encoding="utf-8")
    assert text.startswith("#")
    store.path.write_text(text.replace('"ns"', '"other"'), encoding="utf-8")
    assert not store.trusted("p", "ns")
    assert store.trusted("p", "other")


ENTRY = '[[trusted]]\npackage = "p"\nnamespace = "ns"\n'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("trusted = 1\n", "trusted"),
        ("trusted = [1]\n", "trusted[1]"),
        ("[trusted]\npackage = 'p'\n", "trusted"),
        ("thrusted = []\n", "thrusted"),
        ('[[trusted]]\nnamespace = "ns"\n', "trusted[1].package"),
        ('[[trusted]]\npackage = "p"\n', "trusted[1].namespace"),
        (ENTRY + '[[trusted]]\npackage = "../p"\nnamespace = "ns"\n', "trusted[2].package"),
        ('[[trusted]]\npackage = 3\nnamespace = "ns"\n', "trusted[1].package"),
        ('[[trusted]]\npackage = "p"\nnamespace = "NS"\n', "trusted[1].namespace"),
        ('[[trusted]]\npackage = "p"\nnamespace = ""\n', "trusted[1].namespace"),
        (ENTRY + 'resolved = "p==1"\n', "trusted[1].resolved"),
        (ENTRY + 'resolved = ["p"]\n', "trusted[1].resolved"),
        (ENTRY + 'resolved = ["p>=1"]\n', "trusted[1].resolved"),
        (ENTRY + "resolved = [1]\n", "trusted[1].resolved"),
        (ENTRY + 'resolved = ["p==one"]\n', "trusted[1].resolved"),
        (ENTRY + 'resolved = ["p==1", "P==2"]\n', "trusted[1].resolved"),
        (ENTRY + 'hashes = "x"\n', "trusted[1].hashes"),
        (ENTRY + f'resolved = ["p==1"]\nhashes = {{q = "{SHA}"}}\n', "trusted[1].hashes.q"),
        (ENTRY + 'resolved = ["p==1"]\nhashes = {p = "sha256:zz"}\n', "trusted[1].hashes.p"),
        (ENTRY + 'resolved = ["p==1"]\nhashes = {p = 1}\n', "trusted[1].hashes.p"),
        (ENTRY + f'resolved = ["p==1"]\nhashes = {{p = "{SHA}", P = "{OTHER}"}}\n', "trusted[1].hashes.P"),
        (ENTRY + "date = 5\n", "trusted[1].date"),
        (ENTRY + 'date = "\\u001b[31m"\n', "trusted[1].date"),
        (ENTRY + "trust = true\n", "trusted[1].trust"),
        (ENTRY + ENTRY + 'resolved = ["p==1"]\n', "trusted[2]"),
    ],
)
def test_nonsense_names_the_file_and_the_key(store: TrustStore, text: str, key: str) -> None:
    store.path.parent.mkdir()
    store.path.write_text(text, encoding="utf-8")
    with pytest.raises(TrustError) as caught:
        store.trusted("p", "ns")
    assert caught.value.key == key
    assert str(caught.value).startswith(f"{store.path}: {key}: ")
    assert "\n" not in str(caught.value)


def test_the_same_entry_twice_is_no_harm(store: TrustStore) -> None:
    store.path.parent.mkdir()
    store.path.write_text(ENTRY + ENTRY, encoding="utf-8")
    assert len(store.entries()) == 1


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[[trusted", b"a = " + b"[" * 5000, b"#" * (1024 * 1024 + 1)])
def test_what_is_not_toml_is_one_clear_error(store: TrustStore, data: bytes) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(data)
    with pytest.raises(TrustError, match=r"trust\.toml: is"):
        store.entries()


def test_a_broken_file_is_never_written_over(store: TrustStore) -> None:
    store.path.parent.mkdir()
    store.path.write_text("nonsense", encoding="utf-8")
    with pytest.raises(TrustError):
        store.grant("p", "ns")
    assert store.path.read_text(encoding="utf-8") == "nonsense"


def test_a_folder_in_the_files_place_is_an_error(store: TrustStore) -> None:
    store.path.mkdir(parents=True)
    with pytest.raises(TrustError, match="is not a file"):
        store.entries()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_the_files_place_does_not_block(store: TrustStore) -> None:
    store.path.parent.mkdir()
    os.mkfifo(store.path)
    with pytest.raises(TrustError, match="is not a file"):
        store.entries()


def test_an_unwritable_place_is_one_clear_error(store: TrustStore) -> None:
    store.path.parent.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(TrustError, match="cannot be"):
        store.grant("p", "ns")


def test_writing_leaves_no_other_file_and_keeps_a_link_a_link(store: TrustStore, tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    link = tmp_path / "link.toml"
    link.symlink_to(real)
    TrustStore(link).grant("p", "ns")
    assert link.is_symlink()
    assert TrustStore(real).trusted("p", "ns")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.toml", "real.toml"]


def test_only_names_and_namespaces_can_be_granted(store: TrustStore) -> None:
    with pytest.raises(UsageError, match="distribution"):
        store.grant("not a name", "ns")
    with pytest.raises(UsageError, match="namespace"):
        store.grant("p", "NS")
    assert not store.path.exists()


names = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,3})?", fullmatch=True)
grants = st.fixed_dictionaries(
    {
        "package": names,
        "namespace": st.from_regex(r"[a-z0-9_]{1,5}", fullmatch=True) | st.just("*"),
        "resolved": st.dictionaries(
            names, st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,2}){0,2}", fullmatch=True), max_size=4
        ),
    }
)


@settings(max_examples=30, deadline=None)
@given(st.lists(grants, max_size=5))
def test_what_is_granted_is_found_again(
    tmp_path_factory: pytest.TempPathFactory, given_grants: list[dict[str, Any]]
) -> None:
    store = TrustStore(tmp_path_factory.mktemp("trust") / "trust.toml")
    expected = {}
    for grant in given_grants:
        pins = [f"{name}=={version}" for name, version in grant["resolved"].items()]
        hashes = dict.fromkeys(grant["resolved"], SHA)
        entry = store.grant(grant["package"], grant["namespace"], resolved=pins, hashes=hashes)
        expected[entry.package, entry.namespace] = entry
    assert {(entry.package, entry.namespace): entry for entry in store.entries()} == expected


@settings(deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any-trust.toml"
    path.write_bytes(data)
    try:
        TrustStore(path).entries()
    except RewheelError as error:
        assert str(path) in str(error)

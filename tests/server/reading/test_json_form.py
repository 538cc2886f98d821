"""Pages as JSON: whatever names, reasons and addresses hold, a reader gets it back."""

import json
from datetime import UTC, datetime

from hypothesis import given, strategies as st

from rewheel.server.catalog.projects import Status
from rewheel.server.reading.json_form import project_json
from rewheel.server.reading.model import ListedFile, ListedRim, ProjectPage

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
digests = st.sampled_from(["", "0" * 64])
rims = st.builds(
    ListedRim, texts, digests, st.dictionaries(texts, texts, max_size=3), st.none() | digests, texts, texts
)
moments = st.integers(0, 1 << 32).map(lambda seconds: datetime.fromtimestamp(seconds / 8, UTC))
listed = st.builds(
    ListedFile,
    filename=texts,
    url=texts,
    sha256=digests,
    size=st.none() | st.integers(0, 1 << 60),
    requires_python=texts,
    yanked_reason=st.none() | texts,
    metadata_sha256=st.none() | digests,
    uploaded_at=st.none() | moments,
    provenance=st.none() | texts,
    rim=st.none() | rims,
    source=texts,
)


def entry(file: ListedFile) -> dict[str, object]:
    """Return what the object of a file has to hold."""
    found: dict[str, object] = {"filename": file.filename, "url": file.url}
    found["hashes"] = {"sha256": file.sha256} if file.sha256 else {}
    optional = {
        "size": file.size,
        "requires-python": file.requires_python or None,
        "core-metadata": {"sha256": file.metadata_sha256} if file.metadata_sha256 else True,
        "yanked": file.yanked_reason or True,
        "upload-time": file.uploaded_at and f"{file.uploaded_at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "provenance": file.provenance or None,
        "_source": file.source or None,
    }
    if file.metadata_sha256 is None:
        optional["core-metadata"] = None
    if file.yanked_reason is None:
        optional["yanked"] = None
    if file.rim is not None:
        found["hashes"] = dict(file.rim.wheel_hashes)
        rim = file.rim
        optional["_rim"] = {
            "url": rim.url, "hashes": {"sha256": rim.sha256}, "owner": rim.owner, "support": rim.support_url,
            **({"core-metadata": {"sha256": rim.metadata_sha256}} if rim.metadata_sha256 else {}),
        }  # fmt: skip
    return found | {key: value for key, value in optional.items() if value is not None}


@given(texts, st.lists(texts, max_size=3), st.lists(listed, max_size=3))
def test_what_is_written_is_read_again(name: str, versions: list[str], files: list[ListedFile]) -> None:
    page = json.loads(project_json(ProjectPage(name, 7, Status.ACTIVE, "", versions, files)))
    assert page["name"] == name
    assert page["versions"] == versions
    assert page["files"] == [entry(file) for file in files]


def test_a_page_without_files_is_one() -> None:
    page = ProjectPage(
        "foo", 3, Status.QUARANTINED, "why", [], [], ("https://a.test/",), ("https://b.test/",)
    )
    assert json.loads(project_json(page)) == {
        "meta": {"api-version": "1.4", "_last-serial": 3, "tracks": ["https://a.test/"]},
        "name": "foo",
        "alternate-locations": ["https://b.test/"],
        "project-status": {"status": "quarantined", "reason": "why"},
        "versions": [],
        "files": [],
    }

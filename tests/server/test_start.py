"""What keeps a server from starting is said in a sentence, before any worker is there."""

from pathlib import Path

import pytest

from rewheel.cli.entry import main


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--storage", "s3://", "names no bucket"),
        ("--storage", "ftp://host/folder", "storage of the kind 'ftp' is not known"),
        ("--storage", "s3://bucket?colour=red", "unknown option 'colour'"),
        ("--database", "postgresql://nobody:secret-word@127.0.0.1:1/x", "the database cannot be reached"),
        ("--database", "carrier://pigeon", "database"),
    ],
)
def test_what_cannot_be_used_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, words: str
) -> None:
    assert main(["serve", "--data", str(tmp_path / "index"), "--port", "0", option, value]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert words in said
    assert "secret-word" not in said

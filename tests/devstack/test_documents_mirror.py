"""The bucket's objects outlive moto: names, writing, reading back."""

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devstack.aws.documents_mirror import DocumentsMirror, key_of_path, path_of_key

keys = st.text(min_size=1, max_size=340).filter(lambda key: len(key.encode("utf-8", "surrogatepass")) <= 1024)


class Bucket(dict[str, bytes]):
    """A bucket as a dictionary; an object in `vanishing` is listed but gone when it is read."""

    vanishing = ""

    def objects(self) -> dict[str, str]:
        return {key: str(hash(content)) for key, content in self.items()}

    def read(self, key: str) -> bytes:
        if key == self.vanishing:
            raise KeyError(key)
        return self[key]


def contents(folder: Path) -> dict[str, bytes]:
    return {key: path.read_bytes() for key, path in DocumentsMirror(folder, Bucket()).saved()}


@given(keys)
@example("../../etc/passwd")
@example("a//b/./c")
@example("nul.md")
@example("COM1")
@example("ends with a dot.")
@example(".hidden")
@example("%41")
@example("ü" * 512)
@example("a" * 179 + "/" + "b" * 300)
def test_every_key_comes_back_from_a_name_that_every_file_system_takes(key: str) -> None:
    path = path_of_key(key)
    assert key_of_path(path) == key
    for part in path.parts:
        assert len(part) <= 200
        assert part == part.lower()
        assert part.isascii()
        assert not part.startswith(".")
        assert not part.endswith((".", " "))
        assert not set(part) & set('<>:"/\\|?*')
        assert part.split(".")[0] not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


@given(keys, keys)
@example("README.md", "readme.md")
@example("a", "a/b")
@example("a" * 180, "a" * 180 + "/b")
@example("guide.md", "guide.md.metadata.json")
def test_two_keys_never_need_the_same_name_as_file_or_folder(a: str, b: str) -> None:
    if a != b:
        assert path_of_key(a) != path_of_key(b)
        assert path_of_key(a) not in path_of_key(b).parents


def test_what_is_in_the_bucket_at_the_beginning_is_written(tmp_path: Path) -> None:
    mirror = DocumentsMirror(tmp_path / "documents", Bucket({"a.md": b"A", "Ü/b.md": b"B"}))
    assert not mirror.exists()
    mirror.begin()
    assert mirror.exists()
    assert contents(tmp_path / "documents") == {"a.md": b"A", "Ü/b.md": b"B"}


def test_new_changed_and_deleted_objects_are_followed(tmp_path: Path) -> None:
    bucket = Bucket({"kept": b"1", "changed": b"1", "deleted": b"1"})
    mirror = DocumentsMirror(tmp_path / "documents", bucket)
    mirror.begin()
    del bucket["deleted"]
    bucket.update({"changed": b"2", "new/deep/one.md": b"1"})
    mirror.update()
    assert contents(tmp_path / "documents") == {"kept": b"1", "changed": b"2", "new/deep/one.md": b"1"}


def test_an_object_that_vanishes_while_it_is_read_leaves_no_file(tmp_path: Path) -> None:
    bucket = Bucket({"gone": b"1"})
    mirror = DocumentsMirror(tmp_path / "documents", bucket)
    mirror.begin()
    bucket["gone"], bucket.vanishing = b"2", "gone"
    mirror.update()
    assert contents(tmp_path / "documents") == {}


def test_an_emptied_bucket_stays_empty(tmp_path: Path) -> None:
    bucket = Bucket({"a": b"1"})
    mirror = DocumentsMirror(tmp_path / "documents", bucket)
    mirror.begin()
    bucket.clear()
    mirror.update()
    assert DocumentsMirror(tmp_path / "documents", bucket).exists()
    assert contents(tmp_path / "documents") == {}


def test_a_first_start_that_was_interrupted_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "documents.unfinished").mkdir()
    (tmp_path / "documents.unfinished" / "half").write_bytes(b"")
    mirror = DocumentsMirror(tmp_path / "documents", Bucket({"a": b"1"}))
    assert not mirror.exists()
    mirror.begin()
    assert contents(tmp_path / "documents") == {"a": b"1"}


@pytest.mark.parametrize("leftover", [".0123456789abcdef.unfinished"])
def test_a_file_that_a_crash_left_half_written_is_no_document(tmp_path: Path, leftover: str) -> None:
    mirror = DocumentsMirror(tmp_path / "documents", Bucket({"a": b"1"}))
    mirror.begin()
    (tmp_path / "documents" / leftover).write_bytes(b"half")
    assert contents(tmp_path / "documents") == {"a": b"1"}


def test_a_name_is_readable_where_the_key_is_plain() -> None:
    assert path_of_key("reset-your-password.md") == PurePosixPath("reset-your-password.md")

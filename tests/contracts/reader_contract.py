"""Contract suite for readers. Subclasses provide a reader and a sample of its format family."""

from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.items import ItemKind
from imagefinder.readers.reader import MediaReader

HARD_NAMES = [
    "plain",
    "two\nlines",
    "\N{FROG FACE} été 图片",
    "-rf",
    "per%20cent?#",
    "not UTF-8 \udcff\udcfe",
    "x" * 300,  # truncated to 255 bytes, the limit of a name
]


class ReaderContract(ABC):
    """Base class for the tests of every reader."""

    @abstractmethod
    def reader(self) -> MediaReader:
        """Return the reader under test."""

    @abstractmethod
    def sample(self) -> bytes:
        """Return a valid file of at least several hundred bytes.

        Its first part is wider than high, and at least 100 pixels high.
        """

    @abstractmethod
    def kind(self) -> ItemKind:
        """Return the kind of the file's parts."""

    @pytest.fixture
    def sample_path(self, tmp_path: Path) -> Path:
        path = tmp_path / f"sample.{min(self.reader().extensions)}"
        path.write_bytes(self.sample())
        return path

    def test_extensions_are_lower_case_without_a_dot(self) -> None:
        assert self.reader().extensions
        assert all(e == e.lower().strip(". ") for e in self.reader().extensions)

    def test_it_recognises_its_own_by_content(self) -> None:
        assert self.reader().recognises(self.sample()[:1024])

    @pytest.mark.parametrize("head", [b"", b"\0", b"hello world, this is text", b"\x7fELF" + bytes(60)])
    def test_it_does_not_recognise_what_is_not_its_own(self, head: bytes) -> None:
        assert not self.reader().recognises(head)

    def test_parts_are_numbered_from_1(self, sample_path: Path) -> None:
        with self.reader().open(sample_path) as media:
            assert media.part_count >= 1
            for part in range(1, media.part_count + 1):
                media.load(part, 32)

    @pytest.mark.parametrize("side", [1, 32, 100])
    def test_a_part_is_rgb_and_at_least_as_large_as_asked(self, sample_path: Path, side: int) -> None:
        with self.reader().open(sample_path) as media:
            image = media.load(1, side).image
        assert image.mode == "RGB"
        assert min(image.size) >= side
        assert image.width > image.height
        assert image.info == {}

    def test_the_facts_are_sane_and_do_not_depend_on_the_side(self, sample_path: Path) -> None:
        with self.reader().open(sample_path) as media:
            facts = media.load(1, 32).facts
            assert media.load(1, 100).facts == facts
        assert facts.kind is self.kind()
        assert facts.width > facts.height > 0

    def test_a_part_can_be_loaded_again(self, sample_path: Path) -> None:
        with self.reader().open(sample_path) as media:
            small, large, again = media.load(1, 16).image, media.load(1, 100).image, media.load(1, 16).image
        assert large.width >= small.width
        assert again.tobytes() == small.tobytes()

    @pytest.mark.parametrize("part", [-1, 0, 100_000])
    def test_a_part_that_is_not_there_is_unreadable(self, sample_path: Path, part: int) -> None:
        with self.reader().open(sample_path) as media, pytest.raises(UnreadableError, match="it has no p"):
            media.load(part, 32)

    def test_closing_twice_is_harmless(self, sample_path: Path) -> None:
        media = self.reader().open(sample_path)
        media.close()
        media.close()

    @pytest.mark.parametrize("kept", [4, 12, 40, 200])
    def test_garbage_after_the_first_bytes_is_unreadable(self, sample_path: Path, kept: int) -> None:
        garbage = bytes((i * 7919 + 13) % 251 for i in range(4000))
        sample_path.write_bytes(self.sample()[:kept] + garbage)
        self.read_or_refuse(sample_path)

    @pytest.mark.parametrize("tenths", range(10))
    def test_a_cut_file_is_read_properly_or_unreadable(self, sample_path: Path, tenths: int) -> None:
        sample = self.sample()
        sample_path.write_bytes(sample[: max(1, len(sample) * tenths // 10)])
        self.read_or_refuse(sample_path)

    def read_or_refuse(self, path: Path) -> None:
        """Read every part. The only exception allowed is ``UnreadableError`` with a reason."""
        try:
            with self.reader().open(path) as media:
                for part in range(1, media.part_count + 1):
                    assert media.load(part, 32).image.mode == "RGB"
        except UnreadableError as error:
            assert str(error)

    def test_an_empty_file_is_unreadable(self, sample_path: Path) -> None:
        sample_path.write_bytes(b"")
        with pytest.raises(UnreadableError, match="the file is empty"):
            self.reader().open(sample_path)

    def test_a_missing_file_is_unreadable(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableError, match="it is no longer there"):
            self.reader().open(tmp_path / "missing")

    def test_a_folder_is_unreadable(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableError, match="it is a folder"):
            self.reader().open(tmp_path)

    @pytest.mark.parametrize("name", HARD_NAMES, ids=range(len(HARD_NAMES)))
    def test_any_name_the_system_allows_opens(self, tmp_path: Path, name: str) -> None:
        extension = max(self.reader().extensions)
        path = tmp_path / f"{name[: 254 - len(extension)]}.{extension}"
        try:
            path.write_bytes(self.sample())
        except OSError as error:  # macOS and Windows allow fewer characters
            pytest.skip(f"this file system does not allow the name: {error}")
        with self.reader().open(path) as media:
            assert media.load(1, 32).image.mode == "RGB"

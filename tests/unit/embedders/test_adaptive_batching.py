"""Tests of the batch size. They simulate failures, since they run without a graphics card."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from contracts.embedder_contract import pictures
from helpers import rounding

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.adaptive_batching import AdaptiveBatching, best_batch
from imagefinder.embedders.embedder import FloatArray
from imagefinder.embedders.hardware.device import is_out_of_memory
from imagefinder.embedders.lazy_resource import LazyResource
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.towers import numpy_text_tower, torch_towers

MakeSpec = Callable[..., ClipSpec]


class Memory:
    """Work that fails with more items than fit."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.sizes: list[int] = []
        self.freed = 0

    def work(self, items: Sequence[int]) -> FloatArray:
        self.sizes.append(len(items))
        if len(items) > self.room:
            raise MemoryError
        return np.array([[item] for item in items], np.float32)

    def free(self) -> None:
        self.freed += 1


def batches(memory: Memory) -> AdaptiveBatching:
    return AdaptiveBatching(lambda error: isinstance(error, MemoryError), memory.free)


def test_all_go_at_once_where_they_fit() -> None:
    memory = Memory(room=100)
    feeding = batches(memory)
    assert feeding.run(list(range(7)), memory.work).ravel().tolist() == list(range(7))
    assert (memory.sizes, memory.freed, feeding.most) == ([7], 0, None)


def test_full_memory_halves_the_batch_and_no_item_is_lost_or_out_of_order() -> None:
    memory = Memory(room=3)
    feeding = batches(memory)
    assert feeding.run(list(range(20)), memory.work).ravel().tolist() == list(range(20))
    assert memory.sizes[:4] == [20, 10, 5, 2]
    assert (memory.freed, feeding.most) == (3, 2)


def test_the_smaller_size_is_remembered() -> None:
    memory = Memory(room=3)
    feeding = batches(memory)
    feeding.run(list(range(4)), memory.work)
    memory.sizes.clear()
    feeding.run(list(range(5)), memory.work)
    assert memory.sizes == [2, 2, 1]


def test_where_not_even_one_fits_a_sentence_says_what_to_do() -> None:
    memory = Memory(room=0)
    with pytest.raises(ModelError, match=r"Nothing is lost\. Close other programs.*--device cpu"):
        batches(memory).run([1, 2, 3], memory.work)
    assert memory.sizes == [3, 1]


def test_another_failure_is_not_taken_for_full_memory() -> None:
    def work(items: Sequence[int]) -> FloatArray:
        raise RuntimeError("a kernel broke")

    memory = Memory(room=1)
    with pytest.raises(RuntimeError, match="a kernel broke"):
        batches(memory).run([1, 2], work)


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({16: 100, 32: 190, 64: 350, 128: 360, 256: 500}, 64),  # 3 % more is not worth twice the memory
        ({16: 100, 32: 190, 64: 350, 128: 600, 256: 1000, 512: 2000}, 256),
        ({16: 100, 32: 190, 64: None}, 32),
        ({16: 100, 32: 90}, 16),
        ({16: None, 8: None, 4: 10}, 4),
        ({16: None, 8: None, 4: None, 2: None, 1: None}, 1),
    ],
)
def test_the_batch_doubles_as_long_as_it_is_worth_it(rates: dict[int, float | None], expected: int) -> None:
    assert best_batch(rates.__getitem__) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (lambda torch: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB"), True),
        (lambda torch: RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"), True),
        (lambda torch: RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (lambda torch: MemoryError(), True),
        (lambda torch: RuntimeError("shapes cannot be multiplied"), False),
        (lambda torch: ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_known_by_what_each_device_says(error: Any, expected: bool) -> None:
    import torch

    assert is_out_of_memory(error(torch)) is expected


@pytest.fixture
def scarce(tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], OpenClipEmbedder]:
    """Factory of embedders for a device that fits only a given number of items."""
    import torch

    def make(room: int) -> OpenClipEmbedder:
        def encode(batch: Any) -> Any:
            if len(batch) > room:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return batch.flatten(1)[:, :48].float() + 3

        tower = SimpleNamespace(encode_image=encode, encode_text=encode)
        monkeypatch.setattr(torch_towers, "load_tower", lambda *_: tower)
        monkeypatch.setattr(numpy_text_tower, "numpy_text_tower", lambda _: None)
        return OpenClipEmbedder(tiny_spec(), "cpu")

    return make


def test_pictures_go_on_in_smaller_batches_when_the_memory_is_full(
    scarce: Callable[[int], OpenClipEmbedder],
) -> None:
    embedder, roomy = scarce(3), scarce(100)
    prepared = [roomy.prepare(picture) for picture in pictures(8)]
    expected = roomy.encode_images(prepared)
    embedder = scarce(3)
    assert embedder.batch_size == 16
    np.testing.assert_allclose(embedder.encode_images(prepared), expected, atol=rounding.of_sums(48))
    assert embedder.batch_size == 2


def test_a_model_without_room_for_one_picture_is_a_sentence(
    scarce: Callable[[int], OpenClipEmbedder],
) -> None:
    embedder = scarce(0)
    with pytest.raises(ModelError, match="memory does not suffice"):
        embedder.encode_images([embedder.prepare(pictures(1)[0])])
    with pytest.raises(ModelError, match="memory does not suffice"):
        embedder.encode_texts(["a dog"])


def test_a_model_that_does_not_even_fit_into_the_memory_is_a_sentence(
    tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def full(*_: object) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch_towers, "load_tower", full)
    embedder = OpenClipEmbedder(tiny_spec(), "cpu")
    with pytest.raises(ModelError, match="memory does not suffice"):
        embedder.encode_images([embedder.prepare(pictures(1)[0])])


def test_with_a_cuda_card_the_batch_is_found_once_by_trying(
    scarce: Callable[[int], OpenClipEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = scarce(100)
    embedder.__dict__["_placement"] = (SimpleNamespace(type="cuda"), None)
    embedder._image = LazyResource(lambda: SimpleNamespace(encode=None))
    asked: list[int] = []
    rates: dict[int, float | None] = {16: 100, 32: 200, 64: 300, 128: None}
    monkeypatch.setattr(embedder, "_rate", lambda tower, size: asked.append(size) or rates[size])
    embedder.__dict__["device"] = "cuda (float16)"
    assert [embedder.batch_size, embedder.batch_size] == [64, 64]
    assert asked == [16, 32, 64, 128]


def test_trying_a_batch_that_does_not_fit_says_so_and_remembers_nothing(
    scarce: Callable[[int], OpenClipEmbedder],
) -> None:
    embedder = scarce(20)
    with embedder._image.use() as tower:
        rate = embedder._rate(tower, 16)
        assert rate is not None
        assert rate > 0
        assert embedder._rate(tower, 32) is None
    assert embedder.batch_size == 16

"""Contract suite for embedders. Subclasses of ``EmbedderContract`` provide an embedder."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from imagefinder.embedders.embedder import Embedder


def pictures(count: int = 8, size: tuple[int, int] = (90, 70)) -> list[Image.Image]:
    """Return seeded pictures, each with different colours and shapes."""
    made = []
    for seed in range(count):
        coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
        made.append(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))
    return made


class EmbedderContract:
    """Base class for the tests of every embedder.

    Subclasses are named ``Test...`` and define a fixture ``make``, which returns a factory of equal embedders.
    """

    tolerance = 1e-5
    """Allowed difference of a component between batches with different other pictures. 1e-2 for bfloat16."""

    @pytest.fixture
    def make(self) -> Callable[[], Embedder]:
        raise NotImplementedError("the subclass says which embedder is tested")

    @pytest.fixture
    def embedder(self, make: Callable[[], Embedder]) -> Iterator[Embedder]:
        embedder = make()
        yield embedder
        embedder.close()

    def test_it_says_what_it_is(self, embedder: Embedder) -> None:
        assert embedder.name
        assert embedder.id
        assert embedder.dimension > 0
        assert embedder.image_side > 0
        assert embedder.batch_size > 0
        assert embedder.device

    def test_two_of_the_same_have_the_same_id(self, make: Callable[[], Embedder]) -> None:
        assert make().id == make().id

    def test_embeddings_of_pictures_are_float32_unit_rows(self, embedder: Embedder) -> None:
        embeddings = embedder.encode_images([embedder.prepare(picture) for picture in pictures(3)])
        assert embeddings.shape == (3, embedder.dimension)
        assert embeddings.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)

    def test_embeddings_of_texts_are_float32_unit_rows(self, embedder: Embedder) -> None:
        embeddings = embedder.encode_texts(["a red bus", "zwölf", "两只狗", "", "word " * 300])
        assert embeddings.shape == (5, embedder.dimension)
        assert embeddings.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)

    def test_nothing_gives_no_rows(self, embedder: Embedder) -> None:
        for embeddings in (embedder.encode_images([]), embedder.encode_texts([])):
            assert embeddings.shape == (0, embedder.dimension)
            assert embeddings.dtype == np.float32

    def test_the_same_input_gives_the_same_embedding(self, embedder: Embedder) -> None:
        # Not bit by bit: results may depend on memory alignment and on which thread is free.
        prepared = [embedder.prepare(picture) for picture in pictures(2)]
        for encode, given in ((embedder.encode_images, prepared), (embedder.encode_texts, ["blue"])):
            np.testing.assert_allclose(encode(given), encode(given), atol=self.tolerance)  # type: ignore[arg-type]

    def test_an_embedding_does_not_depend_on_its_batch(self, embedder: Embedder) -> None:
        prepared = [embedder.prepare(picture) for picture in pictures(5)]
        alone = np.concatenate([embedder.encode_images([one]) for one in prepared])
        np.testing.assert_allclose(embedder.encode_images(prepared), alone, atol=self.tolerance)

    def test_threads_may_prepare_at_once(self, embedder: Embedder) -> None:
        shown = pictures(8)
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(embedder.prepare, shown))
        for picture, prepared in zip(shown, together, strict=True):
            np.testing.assert_array_equal(prepared, embedder.prepare(picture))

    def test_a_picture_is_nearest_to_itself(self, embedder: Embedder) -> None:
        shown = pictures(8)
        stored = embedder.encode_images([embedder.prepare(picture) for picture in shown])
        slightly_smaller = [picture.resize((80, 62), Image.Resampling.BICUBIC) for picture in shown]
        asked = embedder.encode_images([embedder.prepare(picture) for picture in slightly_smaller])
        assert (asked @ stored.T).argmax(axis=1).tolist() == list(range(8))

    @pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3), (640, 480)])
    def test_a_picture_of_any_size_is_embedded(self, embedder: Embedder, size: tuple[int, int]) -> None:
        embeddings = embedder.encode_images([embedder.prepare(Image.new("RGB", size, (10, 200, 90)))])
        assert np.isfinite(embeddings).all()

    def test_preparing_leaves_the_picture_as_it_was(self, embedder: Embedder) -> None:
        picture = pictures(1)[0]
        before = picture.tobytes(), picture.size, picture.mode
        embedder.prepare(picture)
        assert (picture.tobytes(), picture.size, picture.mode) == before

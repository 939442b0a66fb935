import numpy as np
import pytest
from helpers import rounding

from imagefinder.vectors import float16_dot
from imagefinder.vectors.float16_dot import products


def test_products_with_stored_halves_are_those_of_their_float32_values() -> None:
    rng = np.random.default_rng(0)
    stored = rng.standard_normal((1100, 24)).astype(np.float16)
    query = rng.standard_normal(24).astype(np.float32)
    sizes = np.abs(stored.astype(np.float32)) @ np.abs(query)
    np.testing.assert_allclose(
        products(stored, query),
        stored.astype(np.float32) @ query,
        rtol=0,
        atol=rounding.of_sums(24, sizes.max()),
    )
    np.testing.assert_array_equal(products(stored[:0], query), np.empty(0, np.float32))
    every_other = stored[::2, ::2]
    expected = every_other.astype(np.float32) @ query[:12]
    np.testing.assert_allclose(
        products(every_other, query[:12]), expected, rtol=0, atol=rounding.of_sums(12, sizes.max())
    )


@pytest.mark.parametrize(
    "value", [0.0, -0.0, 1.0, -1.0, 6e-8, -6e-8, 6.1e-5, 6.0e-5, 0.333, 65504.0, -65504.0]
)
def test_every_kind_of_number_keeps_its_value(value: float) -> None:
    stored = np.array([[value]], np.float16)
    assert products(stored, np.ones(1, np.float32))[0] == np.float32(stored[0, 0])


def test_all_finite_halves_keep_their_values() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)].reshape(-1, 1)
    np.testing.assert_array_equal(products(finite, np.ones(1, np.float32)), finite[:, 0].astype(np.float32))


@pytest.mark.parametrize("rows", [0, 5, 6, 7, 1000, 1537])
def test_shared_among_cores_the_products_are_the_same(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    stored = random.normal(size=(rows, 8)).astype(np.float16)
    query = random.normal(size=8).astype(np.float32)
    alone = float16_dot.products(stored, query)
    monkeypatch.setattr(float16_dot, "_LEAST_SHARE", 3)
    monkeypatch.setattr(float16_dot.os, "cpu_count", lambda: 3)
    np.testing.assert_array_equal(float16_dot.products(stored, query), alone)
    assert float16_dot.products(stored, query).shape == (rows,)

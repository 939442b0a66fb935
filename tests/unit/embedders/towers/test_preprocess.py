"""Tests of preprocessing values: one for all three channels, or one for each."""

import pytest

from imagefinder.embedders.spec import OPENAI_PREPROCESS
from imagefinder.embedders.towers.preprocess import Preprocessing


@pytest.mark.parametrize("mean", [0.5, [0.5], [0.5, 0.5, 0.5]])
def test_one_value_stands_for_all_channels(mean: float | list[float]) -> None:
    assert Preprocessing({**OPENAI_PREPROCESS, "size": 32, "mean": mean}).mean == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("std", [[], [0.5, 0.5], [0.5, 0.5, 0.5, 0.5]])
def test_neither_one_nor_three_values_are_refused(std: list[float]) -> None:
    with pytest.raises(ValueError, match="values to unpack"):
        Preprocessing({**OPENAI_PREPROCESS, "size": 32, "std": std})

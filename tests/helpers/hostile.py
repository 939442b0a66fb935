"""Assertion shared by the tests of untrusted model files."""

from pathlib import Path

import pytest

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.importing.importer import import_model


def refused(path: Path, models: Path, words: str, **more: str) -> None:
    """Import a model, and assert that it is refused with a one-line message and leaves no files behind."""
    with pytest.raises(ModelError, match=words) as caught:
        import_model(path, "", models, **more)
    assert "\n" not in str(caught.value)
    assert not models.exists() or not list(models.iterdir())

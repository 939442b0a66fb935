"""What tests of files that are not to be trusted share."""

from pathlib import Path

import pytest

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.importing.importer import import_model


def refused(path: Path, models: Path, words: str, **more: str) -> None:
    """Import a model, and see that it is refused in one sentence and leaves nothing behind."""
    with pytest.raises(ModelError, match=words) as caught:
        import_model(path, "", models, **more)
    assert "\n" not in str(caught.value)
    assert not models.exists() or not list(models.iterdir())

"""Downloadable models recommended by the catalogue (``resources/models/catalogue.json``)."""

import json
from functools import cache

from imagefinder.domain.model_names import ModelOffer
from imagefinder.resources import resource
from imagefinder.translation import tr_later

# Texts of the JSON file, listed here for translators. ``translated(offer.about, "a model")`` looks them up.
_ABOUT = (
    tr_later("The best choice for most: it finds much more than the starter model.", "a model"),
    tr_later("Trained on two billion openly collected pictures.", "a model"),
    tr_later("The first CLIP; many other programs search with it.", "a model"),
    tr_later("Small and quick, made for telephones; for research only.", "a model"),
    tr_later("The best of the English ones for its size; for research only.", "a model"),
    tr_later("Understands many languages, and is quick for its size.", "a model"),
    tr_later("Understands many languages, and finds the most; slower than the others.", "a model"),
    tr_later("Understands about a hundred languages.", "a model"),
)


@cache
def offers() -> dict[str, ModelOffer]:
    """Return the catalogue's models by name (``ARCH/TAG``), in catalogue order."""
    content = json.loads(resource("models/catalogue.json").read_text(encoding="utf-8"))
    return {row["name"]: ModelOffer(**row) for row in content["models"]}

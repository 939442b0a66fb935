import pytest

from imagefinder.embedders.catalogue import downloadable_models as module
from imagefinder.embedders.catalogue.catalogue import model_config, published_tags
from imagefinder.embedders.catalogue.downloadable_models import offers
from imagefinder.embedders.model_registry import DEFAULT_CLIP


def test_the_catalogue_has_the_models_that_are_worth_getting() -> None:
    assert len(offers()) == 8
    assert [name for name, offer in offers().items() if offer.is_recommended] == [DEFAULT_CLIP]


@pytest.mark.parametrize("name", list(offers()))
def test_an_offer_is_what_open_clip_says_of_it(name: str) -> None:
    offer = offers()[name]
    arch, _, tag = name.partition("/")
    config = model_config(arch)
    assert published_tags(arch)[tag]["hf_hub"]
    assert offer.dimension == config["embed_dim"]
    uses_transformers = any(key in config["text_cfg"] for key in ("hf_tokenizer_name", "hf_model_name"))
    assert offer.needs_transformers == uses_transformers == (offer.languages == "many")


@pytest.mark.parametrize("name", list(offers()))
def test_the_figures_of_an_offer_fit_together(name: str) -> None:
    offer = offers()[name]
    weights = offer.parameters * 4  # bytes per parameter
    tokenizer = 40 if offer.needs_transformers else 0
    assert weights - 3 <= offer.megabytes <= weights + 3 + tokenizer
    assert offer.memory_mb > weights
    for percent in (offer.imagenet, offer.coco, offer.flickr30k):
        assert percent is None or 1 < percent < 100
    assert offer.licence_page.startswith("https://")


def test_research_licences_are_to_be_agreed_to_and_others_not() -> None:
    for name, offer in offers().items():
        assert offer.needs_consent == name.startswith("MobileCLIP")
        assert offer.needs_consent == ("research only" in offer.licence)


def test_what_is_said_of_an_offer_is_known_to_the_translators() -> None:
    assert {offer.about for offer in offers().values()} == set(module._ABOUT)

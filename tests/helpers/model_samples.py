"""Models as an engine would list them, for tests of the window."""

from dataclasses import replace

from imagefinder.domain.model_names import BUILTIN, STARTER, ModelInfo, ModelOffer


def offer(name: str, title: str, **values: object) -> ModelOffer:
    """Return an entry of the catalogue. Values not given are those of the recommended model."""
    usual = ModelOffer(
        name=name,
        title=title,
        about="The best balance of size and quality.",
        megabytes=605,
        memory_mb=900,
        parameters=151,
        dimension=512,
        languages="en",
        licence="MIT",
        licence_page="https://example.org/mit",
        needs_consent=False,
        needs_transformers=False,
        imagenet=72.8,
        coco=39.9,
        flickr30k=64.9,
    )
    return replace(usual, **values)  # type: ignore[arg-type]


def info(of: ModelOffer, **values: object) -> ModelInfo:
    """Return a model of the catalogue that is not installed."""
    made = ModelInfo(
        of.name,
        of.title,
        installed=False,
        detail="Not on this machine.",
        page=f"https://huggingface.co/{of.name}",
        offer=of,
    )
    return replace(made, **values)  # type: ignore[arg-type]


STARTER_MODEL = ModelInfo(STARTER, "Starter model (built in)", installed=True, detail="built in")
COLOURS_MODEL = ModelInfo(
    BUILTIN, "Colours and shapes only", installed=True, detail="built in, needs no files"
)
DATACOMP = info(offer("ViT-B-32-256/datacomp_s34b_b86k", "CLIP ViT-B/32, DataComp", is_recommended=True))
OPENAI = info(
    offer(
        "ViT-B-32/openai",
        "CLIP ViT-B/32, OpenAI",
        about="The first CLIP, which many programs use.",
        imagenet=63.3,
        coco=30.4,
        flickr30k=58.8,
    )
)
LAION = info(
    offer("ViT-B-32/laion2b_s34b_b79k", "CLIP ViT-B/32, LAION", imagenet=66.6, coco=39.3, flickr30k=66.8)
)
MOBILE = info(
    offer(
        "MobileCLIP2-S0/dfndr2b",
        "MobileCLIP2-S0",
        about="Small, quick and good; for research only.",
        megabytes=217,
        memory_mb=450,
        parameters=54,
        licence="Apple ML Research Model",
        licence_page="https://example.org/apple",
        needs_consent=True,
        imagenet=71.5,
        coco=43.7,
        flickr30k=69.2,
    )
)
SIGLIP = info(
    offer(
        "ViT-B-16-SigLIP2/webli",
        "SigLIP 2 ViT-B/16",
        about="Understands many languages, and finds best; large.",
        megabytes=1502,
        memory_mb=2100,
        parameters=375,
        dimension=768,
        languages="many",
        licence="Apache-2.0",
        licence_page="https://example.org/apache",
        needs_transformers=True,
        imagenet=78.2,
        coco=52.1,
        flickr30k=None,
    )
)
OWN = ModelInfo(
    "my-clip",
    "my-clip",
    installed=True,
    detail="ViT-B-32, imported from /downloads/clip.safetensors",
    is_removable=True,
)


def here(model: ModelInfo) -> ModelInfo:
    """Return a model as installed."""
    return replace(model, installed=True, detail="/data/models", is_removable=True, partial_bytes=0)

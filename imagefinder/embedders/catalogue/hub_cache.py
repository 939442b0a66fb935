"""Look up published weights in this machine's Hugging Face cache. Never downloads."""

from pathlib import Path, PurePosixPath

from imagefinder.embedders.catalogue.catalogue import published_table, published_tags, settings_for
from imagefinder.embedders.spec import ClipSpec, JsonDict

# open_clip's names for weights in a repository of its own (open_clip/constants.py), the one it prefers first.
_HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


def published_spec(arch: str, tag: str) -> ClipSpec | None:
    """The model of a published tag; None when its weights are not on this machine.

    Raises:
        ModelError: open_clip knows no such architecture or tag.
    """
    model_cfg, preprocess_cfg = settings_for(arch, tag)
    row = published_tags(arch)[tag]
    weights, checksum = _in_hub_cache(row), ""
    if weights is None:
        weights, checksum = _in_clip_cache(row), published_checksum(row)
    if weights is None:
        return None
    return ClipSpec(
        name=f"{arch}/{tag}",
        weights_id=tag,
        arch=arch,
        weights=weights,
        model_cfg=model_cfg,
        preprocess_cfg=preprocess_cfg,
        published=True,
        sha256=checksum,
    )


def published_here() -> list[str]:
    """Names (ARCH/TAG) of all published weights that are on this machine."""
    return [
        f"{arch}/{tag}"
        for arch, rows in published_table().items()
        for tag, row in rows.items()
        if _in_hub_cache(row) or _in_clip_cache(row)
    ]


def published_checksum(row: JsonDict) -> str:
    """First digits of the SHA-256 that a download address states, as open_clip reads it; else empty.

    OpenAI's addresses have it as a folder, open_clip's own at the end of the file's name.
    """
    address = PurePosixPath(row.get("url", ""))
    if "openaipublic" in str(address):
        return address.parent.name
    return address.stem.rpartition("-")[2] if "mlfoundations" in str(address) else ""


def hub_files(row: JsonDict) -> tuple[str, tuple[str, ...]]:
    """The repository that published weights lie in, empty where there is none, and what they may be called there."""
    repository, _, name = (row.get("hf_hub") or "").rpartition("/")
    return repository, ((str(PurePosixPath(name).with_suffix(".safetensors")), name) if name else _HUB_FILES)


def _in_hub_cache(row: JsonDict) -> Path | None:
    repository, names = hub_files(row)
    if not repository:
        return None
    from huggingface_hub.constants import HF_HUB_CACHE

    # The cache's documented form, read by hand: huggingface_hub's own reader takes a quarter of a second to import,
    # which every start with such a model would wait for.
    folder = Path(HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    try:
        commit = (folder / "refs" / "main").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    candidates = (folder / "snapshots" / commit / name for name in names)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _in_clip_cache(row: JsonDict) -> Path | None:
    """Where open_clip (and OpenAI's own package) put what they fetched by address."""
    if not row.get("url"):
        return None
    path = Path.home() / ".cache" / "clip" / PurePosixPath(row["url"]).name
    return path if path.is_file() else None

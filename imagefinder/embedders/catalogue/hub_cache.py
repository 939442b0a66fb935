"""Look-up of published weights in this computer's Hugging Face cache. Never downloads."""

from pathlib import Path, PurePosixPath

from imagefinder.embedders.catalogue.catalogue import published_table, published_tags, settings_for
from imagefinder.embedders.spec import ClipSpec, JsonDict

# open_clip's names for weights in a repository of its own (open_clip/constants.py), in order of preference.
_HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


def published_spec(arch: str, tag: str) -> ClipSpec | None:
    """Return the spec of a published model. None if its weights are not on this computer.

    Raises:
        ModelError: open_clip has no such architecture or tag.
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
    """Return the names (``ARCH/TAG``) of all published models whose weights are on this computer."""
    return [
        f"{arch}/{tag}"
        for arch, rows in published_table().items()
        for tag, row in rows.items()
        if _in_hub_cache(row) or _in_clip_cache(row)
    ]


def published_checksum(row: JsonDict) -> str:
    """Return the first digits of the SHA-256 in a download address, or an empty string.

    As open_clip reads it: OpenAI's addresses contain it as a folder, open_clip's own at the end of the file name.
    """
    address = PurePosixPath(row.get("url", ""))
    if "openaipublic" in str(address):
        return address.parent.name
    return address.stem.rpartition("-")[2] if "mlfoundations" in str(address) else ""


def hub_files(row: JsonDict) -> tuple[str, tuple[str, ...]]:
    """Return the hub repository of published weights, or an empty string, and the possible file names in it."""
    repository, _, name = (row.get("hf_hub") or "").rpartition("/")
    return repository, ((str(PurePosixPath(name).with_suffix(".safetensors")), name) if name else _HUB_FILES)


def _in_hub_cache(row: JsonDict) -> Path | None:
    repository, names = hub_files(row)
    if not repository:
        return None
    from huggingface_hub.constants import HF_HUB_CACHE

    # The documented cache layout, read directly: importing huggingface_hub's own reader takes a quarter of a second,
    # which would delay every start with such a model.
    folder = Path(HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    try:
        commit = (folder / "refs" / "main").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    candidates = (folder / "snapshots" / commit / name for name in names)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _in_clip_cache(row: JsonDict) -> Path | None:
    """Return the file that open_clip (or OpenAI's own package) downloaded by address, if it exists."""
    if not row.get("url"):
        return None
    path = Path.home() / ".cache" / "clip" / PurePosixPath(row["url"]).name
    return path if path.is_file() else None

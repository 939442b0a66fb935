"""Download of a model of the catalogue: checked, resumable, verified, and moved into place atomically."""

import errno
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from imagefinder.domain.errors import CancelledError, ModelError
from imagefinder.domain.model_names import ModelOffer
from imagefinder.embedders.catalogue.catalogue import published_tags, settings_for, suggestion
from imagefinder.embedders.catalogue.downloadable_models import offers
from imagefinder.embedders.catalogue.hub_cache import hub_files, published_spec
from imagefinder.embedders.catalogue.model_files import bytes_come, coming_folder, kept_model, sole_download
from imagefinder.embedders.catalogue.model_store import TOKENIZER, WEIGHTS, with_own_tokenizer
from imagefinder.embedders.download.file_download import fetch, looked_up, part_of
from imagefinder.embedders.download.hub import Hub, HubFile
from imagefinder.embedders.download.hub_errors import HubError
from imagefinder.embedders.importing.importer import settle
from imagefinder.embedders.spec import ClipSpec, JsonDict
from imagefinder.embedders.towers.transformers_support import require_transformers
from imagefinder.translation import tr

_SPARE = 1.05
"""Factor on the required free space, so that the disk is not filled completely."""
_MEGABYTE = 1_000_000

# Files from which transformers reads a tokenizer (the first two are required), and a text tower's architecture.
_TOKENIZER_FILES = ("tokenizer_config.json", "tokenizer.json", "special_tokens_map.json")
_TOWER_FILE = "config.json"

ProgressOf = Callable[[int, int | None], None]
"""Called with the number of bytes present and their total (None if unknown)."""

ScanDiff = list[tuple[HubFile, PurePosixPath]]
"""Files of a model, with their paths in its folder. The weights come first."""


class DownloadError(ModelError):
    """A hub does not provide a model.

    The message says why and what is kept. Suggesting alternatives is left to the caller.
    """


def _nobody(_done: int, _total: int | None) -> None: ...


def _never() -> bool:
    return False


def download(
    name: str,
    models_dir: Path,
    *,
    mirror: str = "",
    proxy: str = "",
    accepts_licence: bool = False,
    progress: ProgressOf = _nobody,
    should_stop: Callable[[], bool] = _never,
) -> None:
    """Download a model of the catalogue. Does nothing if the model is installed already.

    An interrupted download is resumed. Its bytes are verified by the hub's checksums.

    Args:
        name: ``ARCH/TAG``.
        models_dir: Folder of the model store. Created if missing.
        mirror: Server to download from. If empty, ``HF_ENDPOINT`` of the environment, or else huggingface.co.
        proxy: Proxy. If empty, the one of the environment.
        accepts_licence: Whether the user accepted the licence, if the model requires that.
        progress: Called on the calling thread.
        should_stop: Called at least ten times a second while waiting for the network.

    Raises:
        DownloadError: The hub does not provide the model. Nothing is installed.
        ModelError: The model is not available or does not work. Nothing is installed.
        CancelledError: ``should_stop()`` returned true. Received bytes are kept.
    """
    offer = _offered(name)
    if is_here(name, models_dir):
        return
    _check_consent(offer, accepts_licence)
    if offer.needs_transformers:
        require_transformers()  # checked before downloading 1.5 GB
    hub = Hub(mirror, proxy)
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with sole_download(name, models_dir):
            if not is_here(name, models_dir):
                _get(name, models_dir, hub, progress, should_stop)
    except HubError as error:
        raise DownloadError(_with_what_is_left(error, name, models_dir)) from error
    except OSError as error:
        raise ModelError(_about_the_disk(error, models_dir)) from error


def is_here(name: str, models_dir: Path) -> bool:
    """Return whether a published model is installed: downloaded, imported, or in the hub cache."""
    arch, _, tag = name.partition("/")
    if kept_model(name, models_dir):
        return True
    return tag in published_tags(arch) and published_spec(arch, tag) is not None


def _get(
    name: str, models_dir: Path, hub: Hub, progress: ProgressOf, should_stop: Callable[[], bool]
) -> None:
    arch, _, tag = name.partition("/")
    model_cfg, preprocess_cfg = settings_for(arch, tag)
    folder = coming_folder(name, models_dir)
    plan = _planned(hub, published_tags(arch)[tag], model_cfg, should_stop)
    folder.mkdir(exist_ok=True)
    _check_space(plan, folder)
    sizes = [file.size for file, _ in plan]
    total = sum(size for size in sizes if size is not None) if None not in sizes else None
    before = 0
    for file, place in plan:
        target = folder / place
        target.parent.mkdir(exist_ok=True)
        fetch(hub, file, target, lambda done, before=before: progress(before + done, total), should_stop)  # type: ignore[misc]
        before += target.stat().st_size
    file, place = plan[0]
    spec = ClipSpec(
        name=name,
        weights_id=tag,
        arch=arch,
        weights=folder / WEIGHTS,
        model_cfg=with_own_tokenizer(model_cfg, folder / TOKENIZER),
        preprocess_cfg=preprocess_cfg,
        published=True,
    )
    try:
        _try_out(spec, folder / place)
    except ModelError:
        shutil.rmtree(folder, ignore_errors=True)  # complete but unusable: there is nothing to resume
        raise
    if should_stop():
        raise CancelledError(tr("Stopped."))
    known = {folder / place for _, place in plan} | {spec.weights}
    for other in folder.rglob("*"):
        if other.is_file() and other not in known:  # left by an earlier attempt, when the hub had other files
            other.unlink()
    # The tokenizer's folder is not stored, because the model's folder may be moved.
    settle(folder, replace(spec, model_cfg=model_cfg), models_dir, file.name)


def _try_out(spec: ClipSpec, came: Path) -> None:
    from imagefinder.embedders.openclip import convert_weights, prove

    if came == spec.weights:
        prove(spec)
        return
    convert_weights(came, spec)
    came.unlink()


def _planned(hub: Hub, row: JsonDict, model_cfg: JsonDict, should_stop: Callable[[], bool]) -> ScanDiff:
    repository, names = hub_files(row)
    plan: ScanDiff = []
    for name in names:
        if found := looked_up(hub, repository, name, should_stop):
            is_ready = name.endswith(".safetensors")
            plan.append((found, PurePosixPath(WEIGHTS if is_ready else PurePosixPath(name).name)))
            break
    else:
        raise _missing(hub, repository, names[0])
    text_cfg = model_cfg["text_cfg"]
    wanted = [(text_cfg.get("hf_model_name"), _TOWER_FILE)]
    wanted += [(text_cfg.get("hf_tokenizer_name"), name) for name in _TOKENIZER_FILES]
    for source, name in wanted:
        if not source:
            continue
        if found := looked_up(hub, source, name, should_stop):
            plan.append((found, PurePosixPath(TOKENIZER, name)))
        elif name != _TOKENIZER_FILES[-1]:
            raise _missing(hub, source, name)
    return plan


def _missing(hub: Hub, repository: str, name: str) -> HubError:
    return HubError(
        tr(
            "{host} has no {file} in {repository}: it may have been moved or taken away.",
            host=hub.host,
            file=name,
            repository=repository,
        )
    )


def _offered(name: str) -> ModelOffer:
    if name in offers():
        return offers()[name]
    raise ModelError(
        tr(
            "There is no model called “{name}” to download.{perhaps} Those that there are: imagefinder models list",
            name=name,
            perhaps=suggestion(name, list(offers())),
        )
    )


def _check_consent(offer: ModelOffer, accepts_licence: bool) -> None:
    if offer.needs_consent and not accepts_licence:
        raise ModelError(
            tr(
                "{model} may be used under its licence only: {licence}. Read it at {page}; if you agree, add "
                "--accept-licence",
                model=offer.name,
                licence=offer.licence,
                page=offer.licence_page,
            )
        )


def _check_space(plan: ScanDiff, folder: Path) -> None:
    """Refuse a download that would fill the disk, before its first byte."""
    needed = 0
    for file, place in plan:
        size, target = file.size or 0, folder / place
        here = [path.stat().st_size for path in (target, part_of(target, file)) if path.is_file()]
        needed += max(0, size - sum(here))
        if target.suffix == ".bin":  # needed in addition to the converted file
            needed += size
    needed, free = int(needed * _SPARE), shutil.disk_usage(folder).free
    if needed > free:
        raise ModelError(
            tr(
                "There is too little room for the model in {folder}: it needs {needed} MB, and {free} MB are free. "
                "Nothing was downloaded; make room and try again.",
                folder=folder.parent,
                needed=f"{-(-needed // _MEGABYTE):,}",
                free=f"{free // _MEGABYTE:,}",
            )
        )


def _with_what_is_left(error: HubError, name: str, models_dir: Path) -> str:
    if bytes_come(name, models_dir):
        return tr("{problem} Try again: what has come is kept, and it goes on from there.", problem=error)
    return tr("{problem} Try again.", problem=error)


def _about_the_disk(error: OSError, models_dir: Path) -> str:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return tr(
            "The disk of {folder} is full. What has come is kept: make room and try again, and it goes on from there.",
            folder=models_dir,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return tr(
            "Models cannot be kept in {folder}: it may not be written to. Change that, and try again.",
            folder=models_dir,
        )
    return tr(
        "The model could not be stored in {folder}: {reason}.",
        folder=models_dir,
        reason=error.strerror or str(error),
    )

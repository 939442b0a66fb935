"""Texts about a model: size, quality, licence, download progress."""

from imagefinder.domain.model_names import BUILTIN, STARTER, ModelInfo, ModelOffer
from imagefinder.ipc.messages import DownloadChanged
from imagefinder.translation import tr, translated
from imagefinder.ui.formatting import grouped, locale, time_left

_MEGABYTE = 1_000_000
_GIGABYTE_FROM = 1000


def megabytes(count: int) -> str:
    """Return an amount of megabytes as text, such as ``605 MB`` or ``1.5 GB``."""
    if count < _GIGABYTE_FROM:
        return tr("{count} MB", count=grouped(count))
    return tr("{count} GB", count=locale().toString(count / 1000, "f", 1))


def summary(info: ModelInfo) -> str:
    """Return one line with size, languages and quality."""
    offer = info.offer
    if offer is None:
        return _own_summary(info)
    parts = [megabytes(offer.megabytes), _languages(offer)]
    if offer.coco is not None:
        parts.append(tr("finds {count} of 100", "pictures described in words", count=round(offer.coco)))
    return " · ".join(parts)


def facts(info: ModelInfo) -> str:
    """Return all facts about a model except its licence, one on each line."""
    offer = info.offer
    lines = []
    if offer is not None:
        lines += _quality(offer)
        lines.append(
            tr(
                "Uses about {memory} of memory.",
                "{memory} is an amount, such as 900 MB",
                memory=megabytes(offer.memory_mb),
            )
        )
        if offer.needs_transformers and not info.installed:
            lines.append(tr("Also needs the Python library transformers."))
    if info.name not in (STARTER, BUILTIN):
        lines.append(tr("Name: {name}", "of a model", name=info.name))
    if info.installed and info.detail:
        lines.append(info.detail[:1].upper() + info.detail[1:])
    return "\n".join(lines)


def about(info: ModelInfo) -> str:
    """Return one sentence on what a model is good for; empty if the catalogue has none."""
    return translated(info.offer.about, "a model") if info.offer else ""


def ways_to_a_file(info: ModelInfo) -> str:
    """Return a text on importing a model's weights file by hand, to be followed by its address if there is one."""
    if not info.page:
        return tr("Or choose its weights file.")
    return tr("Or download the file in a web browser, then choose it:")


def progress(download: DownloadChanged) -> str:
    """Return the progress of a download: amount, rate and remaining time."""
    if download.total is not None and download.done >= download.total:
        return tr("Downloaded {total} MB. Verifying…", total=_mb(download.total))
    if download.total is None:
        parts = [tr("{done} MB", done=_mb(download.done))]
    else:
        parts = [tr("{done} of {total} MB", done=_mb(download.done), total=_mb(download.total))]
    if download.rate > 0:
        rate = locale().toString(download.rate / _MEGABYTE, "f", 1)
        parts.append(tr("{rate} MB/s", rate=rate))
        if download.total is not None:
            parts.append(time_left(max(0, download.total - download.done) / download.rate))
    return " · ".join(parts)


def interrupted(info: ModelInfo) -> str:
    """Return how much of an interrupted download was downloaded."""
    here = _mb(info.partial_bytes)
    if info.offer is None:
        return tr("Interrupted: {done} MB downloaded.", done=here)
    total = grouped(info.offer.megabytes)
    return tr("Interrupted: {done} of about {total} MB downloaded.", done=here, total=total)


def _own_summary(info: ModelInfo) -> str:
    if info.name == STARTER:
        return tr("Small and fast · English · built in")
    if info.name == BUILTIN:
        return tr("Colours and shapes only · built in")
    return info.name if info.name != info.title else tr("Imported from a file")


def _languages(offer: ModelOffer) -> str:
    return tr("English") if offer.languages == "en" else tr("many languages")


def _quality(offer: ModelOffer) -> list[str]:
    """Return the published benchmark results, each with what it measures, instead of a rating derived from them."""
    lines = []
    if offer.coco is not None:
        lines.append(
            tr(
                "Ranks the right one of 5,000 pictures first for {percent} of 100 descriptions (COCO).",
                percent=_figure(offer.coco),
            )
        )
    if offer.flickr30k is not None:
        lines.append(
            tr(
                "Ranks the right one of 1,000 pictures first for {percent} of 100 descriptions (Flickr30k).",
                percent=_figure(offer.flickr30k),
            )
        )
    if offer.imagenet is not None:
        lines.append(
            tr(
                "Recognises what a picture shows, out of 1,000 categories, for {percent} of 100 pictures "
                "(ImageNet).",
                percent=_figure(offer.imagenet),
            )
        )
    return lines


def _figure(percent: float) -> str:
    return locale().toString(percent, "f", 1)


def _mb(count: int) -> str:
    return grouped(round(count / _MEGABYTE))

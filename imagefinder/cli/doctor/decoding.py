"""The section of ``imagefinder doctor`` about decoder processes."""

from collections.abc import Iterator

from imagefinder.cli.doctor.report import Fact
from imagefinder.isolation.decoder_process import DecoderLostError
from imagefinder.isolation.decoders import Decoders
from imagefinder.translation import tr


def decoding_facts() -> Iterator[Fact]:
    """Yield the limits in force in a decoder process, by starting one."""
    with Decoders() as decoders:
        try:
            found = decoders.confinement()
        except DecoderLostError:
            yield Fact(
                "process", tr("Own process"), tr("none can be started, so most files cannot be read"), False
            )
            return
        limits = decoders.limits
    yield Fact("process", tr("Own process"), tr("yes, for all but plain JPEG and PNG pictures"), True)
    watched = tr("watched by the program")
    size = tr("{size} MB for a file", size=f"{limits.memory / 2**20:.0f}")
    told = tr("{what}: {why}", "a choice and its reason", what=size, why=tr("limited by the system"))
    if not found.memory:
        told = tr("{what}: {why}", "a choice and its reason", what=size, why=watched)
    yield Fact("memory_limit", tr("Memory limit"), told, found.memory)
    yield Fact(
        "seconds",
        tr("Time limit"),
        tr("{seconds} s of the processor for a page", seconds=f"{limits.seconds:.0f}"),
        limits.seconds,
    )
    for key, label, is_active in (
        ("no_network", tr("No network"), found.network),
        ("no_files", tr("No files"), found.files),
        ("call_filter", tr("System-call filter"), found.calls),
    ):
        yield Fact(key, label, tr("active") if is_active else tr("not available on this system"), is_active)

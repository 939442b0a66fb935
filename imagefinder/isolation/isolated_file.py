"""Files decoded in a decoder process, which may crash, hang, or be taken over by a malicious file."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from imagefinder.domain.errors import NoAnswerError, OverdueError, PassingError, UnreadableError
from imagefinder.domain.items import ItemKind, PartFacts, Region
from imagefinder.domain.reasons import Parameter, Reason, ReasonCode
from imagefinder.isolation.decode_limits import DecodeLimits
from imagefinder.isolation.decoder_link import IS_POSIX, LinkError, Message
from imagefinder.isolation.decoder_process import Decoder, DecoderLostError, Loss
from imagefinder.readers.disk import READ_WHOLE, size_of
from imagefinder.readers.reader import LoadedPart, MediaFile

if TYPE_CHECKING:
    from imagefinder.isolation.decoders import Decoders

_T = TypeVar("_T")
_TRIES = {Loss.CRASHED: 2, Loss.KILLED: 2, Loss.STOPPED: 3, Loss.NOT_STARTED: 2}
"""Number of attempts by kind of loss; 1 for the others."""
_MOST_BAD_PARTS = 3
"""After this many parts that crash, hang or take too much memory, the rest of the file is given up."""
_LEAST_SECONDS = 1.0
_MOST_SIDE = 2**31
_MOST_REUSABLE = 16_000_000
"""A decoder that has decoded a picture of more pixels is not reused."""
_MOST_PARTS = 1_000_000
_MOST_REGIONS = 10_000
_CODES = frozenset(ReasonCode)
_MOST_PARAMETERS = 16
_LONGEST_PARAMETER = 1000
"""Characters of one parameter of a reason."""


class IsolatedFile(MediaFile):
    """A file opened in a decoder process. If that process is lost, another one continues with the next part.

    The loss is attributed to the part being decoded, unless the process was ended on purpose.
    """

    def __init__(
        self, decoders: "Decoders", path: Path, content: BinaryIO, limits: DecodeLimits | None = None
    ) -> None:
        """Open the file.

        Args:
            decoders: The pool of decoder processes.
            path: The file.
            content: The same file, already open. This object takes ownership.
            limits: Limits for this file instead of the pool's.

        Raises:
            UnreadableError: The file cannot be read; the message says why.
        """
        self._decoders = decoders
        self._limits = (limits or decoders.limits).for_file(content)
        self._path = path
        self._content = content
        self._decoder: Decoder | None = None
        self._is_reusable = True
        self._wasted = 0.0
        self._bad_parts = 0
        self._last_problem: UnreadableError | None = None
        self._memory = 0
        self._computed_before = 0.0
        """Processor time in seconds that the decoder had spent on earlier files."""
        try:
            self.part_count = self._try(lambda _: self.part_count)
        except BaseException:
            self.close()
            raise

    def load(self, part: int, side: int) -> LoadedPart:
        """Decode one part; see ``MediaFile.load``.

        Raises:
            OverdueError: Decoding takes too long.
            NoAnswerError: The disk does not respond, or the pool was closed.
        """
        return self._try(lambda decoder: self._loaded(decoder, part, side))

    def find(self, part: int, phrase: str) -> list[Region]:
        """Return the regions where a phrase occurs; see ``MediaFile.find``."""
        answer = self._try(lambda decoder: self._ask(decoder, {"do": "find", "part": part, "phrase": phrase}))
        found = answer.get("regions")
        if not isinstance(found, list):
            return []
        return [Region(*map(float, each)) for each in found[:_MOST_REGIONS] if _is_region(each)]

    @property
    def camera(self) -> str:
        """Maker and model of the camera; see ``MediaFile.camera``."""
        answer = self._try(lambda decoder: self._ask(decoder, {"do": "camera"}))
        return str(answer.get("camera", ""))

    def close(self) -> None:
        """Close the file and give back its decoder process; see ``MediaFile.close``."""
        decoder = self._decoder
        if decoder is not None and self._is_reusable:
            try:
                self._ask(decoder, {"do": "close"})
            except (DecoderLostError, UnreadableError):  # no result depends on it any more
                self._is_reusable = False
        self._drop()
        self._content.close()

    def _try(self, act: Callable[[Decoder], _T]) -> _T:
        """Return the result of ``act`` in a decoder that has the file open, retrying after a loss if that may help."""
        self._refuse_hopeless()
        tries: Counter[Loss] = Counter()
        while True:
            try:
                return act(self._decoder or self._opened())
            except DecoderLostError as lost:
                self._is_reusable = False
                self._drop()
                self._wasted += lost.seconds
                tries[lost.loss] += 1
                if tries[lost.loss] < _TRIES.get(lost.loss, 1) and self._wasted < self._limits.wasted_seconds:
                    continue
                raise self._blamed(lost.loss) from lost
            except LinkError as error:  # an invalid answer: the decoder may have been taken over
                self._is_reusable = False
                self._drop()
                raise self._blamed(Loss.CRASHED) from error

    def _refuse_hopeless(self) -> None:
        is_hopeless = self._bad_parts >= _MOST_BAD_PARTS or self._wasted >= self._limits.wasted_seconds
        if is_hopeless and self._last_problem is not None:
            raise self._last_problem

    def _opened(self) -> Decoder:
        """Open the file in a decoder process and return that process."""
        decoders = self._decoders
        decoder = self._decoder = decoders.take()
        self._is_reusable = True
        self._memory = self._limits.memory_now(decoders.in_use)
        # Where descriptors cannot be passed, a large file is opened by its path.
        by_name = not IS_POSIX and size_of(self._content) > READ_WHOLE
        request = {"do": "open", "name": str(self._path) if by_name else self._path.name}
        parts = self._ask(decoder, request, None if by_name else self._content).get("parts")
        if not isinstance(parts, int) or not 0 < parts <= _MOST_PARTS:
            raise LinkError("no number of parts")
        self.part_count = parts
        return decoder

    def _blamed(self, loss: Loss) -> UnreadableError:
        """Return the error to report after a loss, and count it against the file if the file caused it."""
        limits = self._limits
        error: UnreadableError
        match loss:
            case Loss.CLOSED | Loss.SILENT | Loss.STOPPED:
                return NoAnswerError(ReasonCode.DRIVE_NOT_ANSWERING)
            case Loss.NOT_STARTED:
                return PassingError(ReasonCode.DECODER_NOT_STARTED)
            case Loss.OVERDUE:
                error = OverdueError(ReasonCode.TIMED_OUT, seconds=round(limits.seconds))
            case Loss.MEMORY if self._memory < limits.memory:
                error = PassingError(ReasonCode.MEMORY_LIMIT_NOW, megabytes=round(self._memory / 2**20))
            case Loss.MEMORY:
                error = UnreadableError(ReasonCode.MEMORY_LIMIT, megabytes=round(self._memory / 2**20))
            case Loss.KILLED:
                error = UnreadableError(ReasonCode.DECODER_KILLED)
            case Loss.CRASHED:
                error = UnreadableError(ReasonCode.DECODER_CRASHED)
        self._bad_parts += 1
        self._last_problem = error
        return error

    def _drop(self) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            self._decoders.give_back(decoder, is_reusable=self._is_reusable)

    def _loaded(self, decoder: Decoder, part: int, side: int) -> LoadedPart:
        from imagefinder.readers.size_limits import MAX_PIXELS

        answer = self._ask(decoder, {"do": "load", "part": part, "side": side})
        match answer:
            case {"width": int(width), "height": int(height), "facts": facts, "damage": damage} if (
                width > 0 and height > 0 and width * height <= MAX_PIXELS
            ):
                # The shared memory that a large picture took is never released.
                self._is_reusable &= width * height <= _MOST_REUSABLE
                return LoadedPart(
                    decoder.image(width, height), _facts(facts), None if damage is None else _reason(damage)
                )
        raise LinkError("no part")

    def _ask(self, decoder: Decoder, request: Message, file: BinaryIO | None = None) -> Message:
        limits = self._limits
        left = limits.wasted_seconds - self._wasted
        if limits.total_seconds < math.inf:
            computed = decoder.computed()
            if request["do"] == "open":
                self._computed_before = computed
            spent = self._wasted + computed - self._computed_before
            left = min(left, limits.total_seconds - spent)
        seconds = max(min(limits.seconds, left), _LEAST_SECONDS)
        answer = decoder.ask(
            request,
            seconds=seconds,
            wall_seconds=limits.seconds * limits.wall_factor,
            memory=self._memory,
            file=file,
        )
        match answer.get("problem"):
            case None:
                return answer
            case "memory":
                # The process may still hold some of the memory.
                self._is_reusable = False
                raise DecoderLostError(Loss.MEMORY)
            case "passing":
                raise PassingError(_reason(answer.get("reason")))
        raise UnreadableError(_reason(answer.get("reason")))


def _facts(told: Any) -> PartFacts:
    match told:
        case [str(kind), int(width), int(height), (str() | None) as taken_at, str(text)] if (
            kind in set(ItemKind) and 0 < width < _MOST_SIDE and 0 < height < _MOST_SIDE
        ):
            return PartFacts(ItemKind(kind), width, height, taken_at, _clean(text))
    raise LinkError("no facts of a part")


def _reason(told: Any) -> Reason:
    match told:
        case {"code": str(code), "parameters": dict(parameters)} if (
            code in _CODES and len(parameters) <= _MOST_PARAMETERS
        ):
            return Reason(
                ReasonCode(code), {str(name): _parameter(each) for name, each in parameters.items()}
            )
    raise LinkError("no reason")


def _parameter(told: Any) -> Parameter:
    if isinstance(told, int):
        return told
    if isinstance(told, str):
        return _clean(told[:_LONGEST_PARAMETER])
    raise LinkError("no parameter of a reason")


def _clean(text: str) -> str:
    # An unpaired surrogate cannot be stored in the database.
    return text.encode(errors="replace").decode()


def _is_region(told: Any) -> bool:
    return isinstance(told, list) and len(told) == 4 and all(isinstance(each, int | float) for each in told)

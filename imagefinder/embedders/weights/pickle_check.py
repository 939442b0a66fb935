"""Check of PyTorch's pickles before PyTorch reads them: memory they would allocate, functions they would call.

PyTorch's own reader (``weights_only``) calls only functions that it knows, but allocates whatever memory a
file requests, and importing it takes seconds. Therefore files unlike any CLIP model are refused here. Nothing
is unpickled: this module only walks through the opcodes (``pickletools``), and keeps only the depth of each value.
"""

import io
import pickletools
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.untrusted_files import MalformedError
from imagefinder.translation import tr

_MOST_BYTES = 64_000_000
"""Maximum size in bytes of a pickle, and of other entries besides tensors. ViT-bigG's pickle has 0.3 MB."""
_MOST_ENTRIES = 100_000
_MOST_OPCODES = 1_000_000
"""Maximum number of opcodes. ViT-bigG has 60,000, a checkpoint with optimizer state three times as many."""
_DEEPEST = 32
"""Maximum nesting. Checkpoints have 10. Python hashes and frees nested tuples recursively, and would crash."""
_PICKLES = 5
"""Pickles in a file from before PyTorch 1.6: magic number, version, system information, weights, storage keys."""

_END = b"PK\x05\x06"
_END64, _LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
_MOST_DIRECTORY = 32_000_000
"""Maximum size in bytes of a zip's central directory."""

# Modules of the functions in a state dict. PyTorch has its own, narrower list of functions that it calls
# (torch/_weights_only_unpickler.py).
_MODULES = re.compile(
    r"torch(\.(_utils|_tensor|nn\.parameter|serialization|storage|cuda))?|collections|_codecs"
)
_BUILTINS = frozenset({"set", "bytearray", "complex"})
_CONTAINERS = frozenset({"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"})


def entry_names(path: Path) -> list[str]:
    """Return the names in a zip archive after checking the size of its central directory.

    Raises:
        ModelError: The archive is damaged, or has more entries than any model.
    """
    try:
        if _directory_bytes(path) > _MOST_DIRECTORY:
            raise _too_large(path)
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, struct.error, NotImplementedError) as error:
        raise ModelError(
            tr("{path} is damaged: its table of contents cannot be read. Get it again.", path=path)
        ) from error


def check_archive(path: Path) -> None:
    """Check a zip archive of PyTorch: no compression, no duplicate names, and a valid pickle.

    Raises:
        ModelError: It is not as PyTorch writes them, or as for ``check_pickle``. The message says what is wrong.
    """
    names = entry_names(path)
    if len(names) > _MOST_ENTRIES:
        raise _too_large(path)
    if len(set(names)) != len(names):
        raise _refused(path, tr("a name stands in it twice"))
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
                raise _refused(path, tr("what is in it is compressed, as PyTorch never does"))
            if "/data/" not in entry.filename and entry.file_size > _MOST_BYTES:
                raise _too_large(path)
        for name in names:
            if name.endswith("data.pkl"):
                try:
                    content = archive.read(name)
                except (OSError, ValueError, RuntimeError, zipfile.BadZipFile, EOFError) as error:
                    raise ModelError(
                        tr("{path} is damaged or not whole. Get it again.", path=path)
                    ) from error
                check_pickle(io.BytesIO(content), path, 1)


def check_legacy(path: Path) -> None:
    """Check a file written by PyTorch before 1.6: pickles followed by tensor data.

    Raises:
        ModelError: As for ``check_pickle``.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES)
    except OSError as error:
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from error
    check_pickle(io.BytesIO(content), path, _PICKLES)


def check_pickle(stream: io.BytesIO, path: Path, count: int) -> None:
    """Walk through up to ``count`` consecutive pickles.

    Raises:
        ModelError: A pickle refers to a function that weights do not need, or is larger or more deeply nested
            than any model's.
    """
    machine = _PickleStack(path)
    try:
        for _ in range(count):
            if stream.tell() < len(stream.getbuffer()):
                machine.walk(stream)
        if not machine.has_tensors:
            raise ModelError(tr("{path} holds no weights by name, so it cannot be a CLIP model.", path=path))
    except MalformedError as error:
        raise _refused(path, str(error)) from error
    except (ValueError, LookupError, TypeError, OverflowError, MemoryError) as error:
        if stream.tell() >= _MOST_BYTES:
            raise _too_large(path) from error
        raise ModelError(tr("{path} is damaged or not whole. Get it again.", path=path)) from error


def holds_a_program(path: Path) -> ModelError:
    """Return the error for a pickle that calls functions."""
    return ModelError(
        tr(
            "{path} holds more than weights, and loading it could run a program hidden in it, so it is "
            "refused. Get the model as a .safetensors file.",
            path=path,
        )
    )


def unpacks_to_more(path: Path) -> ModelError:
    """Return the error for tensors that take far more memory than their file."""
    return _refused(path, tr("its tensors would take many times the memory that the file has bytes"))


@dataclass(frozen=True, slots=True)
class _Value:
    """Facts kept about a value."""

    depth: int
    text: str = ""


_MARK = _Value(-1)


class _PickleStack:
    """Stack and memo of an unpickler, with depths instead of values."""

    def __init__(self, path: Path) -> None:
        self.has_tensors = False
        """Whether any function seen so far builds a tensor."""
        self._path = path
        self._left = _MOST_OPCODES
        self._stack: list[_Value] = []
        self._memo: dict[int, _Value] = {}

    def walk(self, stream: io.BytesIO) -> None:
        """Walk through one pickle.

        Raises:
            ModelError, MalformedError: The pickle is refused.
            ValueError, LookupError, TypeError: The pickle is damaged.
        """
        self._stack.clear()
        self._memo.clear()
        for opcode, argument, _ in pickletools.genops(stream):
            self._left -= 1
            if self._left < 0:
                raise MalformedError(tr("its table of contents is larger than that of any model"))
            self._step(opcode, argument)

    def _step(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        name = opcode.name
        if name == "MARK":
            self._stack.append(_MARK)
        elif name.endswith("GET"):
            self._stack.append(self._memo[int(str(argument))])
        elif name.endswith("PUT"):
            self._memo[int(str(argument))] = self._stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif name == "DUP":
            self._stack.append(self._stack[-1])
        elif name not in ("PROTO", "FRAME"):
            taken = list(self._taken(opcode))
            self._check_call(name, argument, taken)
            depth = self._depth(name, taken)
            text = argument if isinstance(argument, str) else ""
            self._stack.extend(_Value(depth, text) for _ in opcode.stack_after)

    def _taken(self, opcode: pickletools.OpcodeInfo) -> Iterator[_Value]:
        """Yield the values that an opcode takes from the stack, topmost first."""
        for kind in reversed(opcode.stack_before):
            if kind is pickletools.stackslice:
                while (value := self._stack.pop()) is not _MARK:
                    yield value
            elif kind is not pickletools.markobject:
                yield self._stack.pop()

    def _depth(self, name: str, taken: list[_Value]) -> int:
        """Return the nesting depth of an opcode's result.

        For opcodes that add values to a container, which is below them on the stack, it is at least the
        container's depth.
        """
        if name in _CONTAINERS:
            *inner, container = taken
            depth = max(container.depth, 1 + max((value.depth for value in inner), default=0))
        else:
            depth = 1 + max((value.depth for value in taken), default=0)
        if depth > _DEEPEST:
            raise MalformedError(tr("it is nested too deeply"))
        return depth

    def _check_call(self, name: str, argument: object, taken: list[_Value]) -> None:
        if name in ("GLOBAL", "INST"):
            module, _, function = str(argument).partition(" ")
        elif name == "STACK_GLOBAL":
            function, module = (value.text for value in taken)
        elif name.startswith("EXT"):
            module, function = "", ""
        else:
            return
        self.has_tensors |= function.startswith("_rebuild")
        is_harmless = module in ("builtins", "__builtin__") and function in _BUILTINS
        if not is_harmless and not _MODULES.fullmatch(module):
            raise holds_a_program(self._path)


def _directory_bytes(path: Path) -> int:
    """Return the size of a zip's central directory as stated in the archive (APPNOTE.TXT 4.3.14 to 4.3.16)."""
    with path.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        start = max(0, size - 65_557)  # the longest comment, with the records before it
        stream.seek(start)
        tail = stream.read()
        at = tail.rindex(_END)
        length, where = struct.unpack_from("<II", tail, at + 12)
        if 0xFFFFFFFF in (length, where) and tail[at - 20 : at - 16] == _LOCATOR64:
            stream.seek(struct.unpack_from("<Q", tail, at - 12)[0])
            record = stream.read(56)
            if record[:4] == _END64:
                return int(struct.unpack_from("<Q", record, 40)[0])
        return int(length)


def _refused(path: Path, what: str) -> ModelError:
    return ModelError(tr("{path} is refused: {what}.", path=path, what=what))


def _too_large(path: Path) -> ModelError:
    return _refused(path, tr("its table of contents is larger than that of any model"))

"""Tokenizers and text towers based on transformers. Their files are read from this computer, never downloaded.

open_clip's configs refer to them by hub repositories. Stored models contain them in their own folder
``tokenizer/``, by which ``embedders/catalogue/model_store.py`` replaces the names of the repositories.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.config_bounds import check_tower_config
from imagefinder.embedders.spec import JsonDict
from imagefinder.embedders.towers.transformers_support import bring_in_transformers
from imagefinder.embedders.untrusted_files import read_json_object, require_ordinary
from imagefinder.translation import tr

if TYPE_CHECKING:
    import torch

# Keys of open_clip's text config that name the repositories of the tokenizer and of the text tower.
_TOKENIZER, _TOWER = "hf_tokenizer_name", "hf_model_name"

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
)
"""Files from which transformers reads a tokenizer, if a repository has them. None contains code or a pickle."""
TOWER_FILES = ("config.json",)
"""Files from which transformers reads the architecture of a text tower."""

# Files of which every complete repository has at least one.
_PROOFS = {_TOKENIZER: TOKENIZER_FILES[:2], _TOWER: TOWER_FILES}
# Kinds of text towers that open_clip supports (open_clip/hf_configs.py).
_KINDS = ("roberta", "xlm-roberta", "mt5", "bert", "m2m_100")
_MOST_BYTES = 150_000_000
"""Maximum size of a tokenizer file. XLM-V's, with 901,629 words the largest used by open_clip, has 60 MB."""
# Settings of a tokenizer through which transformers has read files elsewhere or downloaded code.
_ELSEWHERE = frozenset(
    "auto_map added_tokens_file chat_template_file merges_file name_or_path special_tokens_map_file spm_file "
    "tokenizer_config_file tokenizer_file vocab_file".split()
)
# Config settings that make transformers download code, or compute differently from how the weights are stored.
_STRANGE = ("auto_map", "attn_implementation", "_attn_implementation", "quantization_config", "use_kernels")
# Tokenizer settings used in open_clip's own configs. Others could cause downloads, or drop words at random.
_SETTINGS = ("clean", "strip_sep_token")


@dataclass(frozen=True)
class Tokenizer:
    """Tokenizer of a model: texts to (n, context length) token ids, int64, as open_clip makes them."""

    encode: "Callable[[list[str]], torch.Tensor]"
    count: Callable[[str], int]
    """Returns the number of tokens of a text, with start and end, untruncated. If too many, any larger number."""
    context_length: int

    def __call__(self, texts: list[str]) -> "torch.Tensor":
        return self.encode(texts)

    def fits(self, text: str) -> bool:
        """Return whether a text is tokenized without truncation."""
        return self.count(text) <= self.context_length


def local_text_config(text_cfg: JsonDict) -> JsonDict:
    """Return a copy of a text config from which open_clip builds the tower without downloading anything.

    A config that does not refer to transformers is copied unchanged.

    Raises:
        ModelError: transformers is required but not installed, or a file is not on this computer.
    """
    config = {**text_cfg}
    if not config.get(_TOWER):
        config.pop(_TOWER, None)
        return config
    bring_in_transformers()
    folder = _local_folder(_TOWER, config[_TOWER])
    _check_tower(folder / TOWER_FILES[0])
    return {**config, _TOWER: str(folder), "hf_model_pretrained": False}


def load_tokenizer(text_cfg: JsonDict) -> Tokenizer:
    """Load the tokenizer of a model with this text config.

    Raises:
        ModelError: transformers is required but not installed, or files are missing or unreadable.
    """
    from open_clip.tokenizer import DEFAULT_CONTEXT_LENGTH, HFTokenizer, SimpleTokenizer

    context_length = text_cfg.get("context_length", DEFAULT_CONTEXT_LENGTH)
    settings = text_cfg.get("tokenizer_kwargs") or {}
    if unknown := [name for name in settings if name not in _SETTINGS]:
        raise ModelError(
            tr(
                "This model's config asks for a setting of its tokenizer that is not known here: “{name}”.",
                name=unknown[0],
            )
        )
    if not text_cfg.get(_TOKENIZER):
        simple = SimpleTokenizer(context_length=context_length, **settings)
        return Tokenizer(simple, lambda text: len(simple.encode(text)) + 2, context_length)
    library = bring_in_transformers()
    folder = _local_folder(_TOKENIZER, text_cfg[_TOKENIZER])
    try:
        if (folder / TOKENIZER_FILES[0]).is_file() and not text_cfg.get("tokenizer_mode"):
            tokenizer = _from_file(library, folder, context_length, **settings)
        else:
            wrapped = HFTokenizer(
                str(folder),
                context_length=context_length,
                tokenizer_mode=text_cfg.get("tokenizer_mode"),
                local_files_only=True,
                trust_remote_code=False,
                **settings,
            )
            tokenizer = Tokenizer(wrapped, lambda text: _count(wrapped, text), context_length)
        tokenizer(["a photo"])
    except Exception as error:  # untrusted files can raise anything in transformers
        raise ModelError(
            tr(
                "The tokenizer in {folder} cannot be used: {reason}. Get its files again.",
                folder=folder,
                reason=str(error).partition("\n")[0].rstrip(". "),
            )
        ) from error
    return tokenizer


def _from_file(
    library: Any, folder: Path, context_length: int, clean: str = "whitespace", strip_sep_token: bool = False
) -> Tokenizer:
    """Like open_clip's HFTokenizer, but built from ``tokenizer.json`` alone, with any version of transformers.

    Since transformers 5, the classes that HFTokenizer uses rebuild the tokenizer from the vocabulary in the
    file. T5's then splits differently than in training, and Gemma's takes half as long again to load.
    """
    from open_clip.tokenizer import get_clean_fn

    tokenizer = library.PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    settings = _read(folder / TOKENIZER_FILES[1])
    for name in ("add_bos_token", "add_eos_token"):
        # As in transformers 4. The file may differ: Gemma's does from SigLIP2's settings.
        if isinstance(settings.get(name), bool):
            setattr(tokenizer, name, settings[name])
    cleaned = get_clean_fn(clean)

    def tokens(texts: list[str]) -> "torch.Tensor":
        ids: torch.Tensor = tokenizer(
            [cleaned(text) for text in texts],
            return_tensors="pt",
            max_length=context_length,
            padding="max_length",
            truncation=True,
        ).input_ids
        return ids.masked_fill(ids == tokenizer.sep_token_id, 0) if strip_sep_token else ids

    return Tokenizer(
        tokens, lambda text: _uncut_length(tokenizer, cleaned(text), context_length), context_length
    )


def _count(wrapped: Any, text: str) -> int:
    """Return the number of tokens that open_clip's HFTokenizer makes of a text."""
    cleaned, length = wrapped.clean_fn(text), wrapped.context_length
    if wrapped.tokenizer_mode == "clips":
        # It adds a start token, an end token, and one more at the very end.
        return len(wrapped.tokenizer(cleaned, add_special_tokens=False).input_ids) + 3
    return _uncut_length(wrapped.tokenizer, cleaned, length)


def _uncut_length(tokenizer: Any, text: str, context_length: int) -> int:
    # A length of one more than fits suffices. Without a limit, transformers would warn about long texts.
    return len(tokenizer(text, max_length=context_length + 1, truncation=True).input_ids)


def copy_tokenizer(beside: Path, target: Path, model_cfg: JsonDict) -> None:
    """Copy the files that a model's text part reads into the model's folder, so that it is self-contained.

    Creates nothing if the config does not refer to transformers.

    Args:
        beside: Folder of the weights, or of a stored model. It is searched first, then the hub cache.
        target: Folder to create.
        model_cfg: Config of the model.

    Raises:
        ModelError: The files are not on this computer.
        OSError: They cannot be copied.
    """
    for source, names in find_files(beside, target.name, model_cfg):
        target.mkdir(exist_ok=True)
        for name in names:
            if (source / name).is_file():
                _copy(source / name, target / name)


def find_files(beside: Path, own: str, model_cfg: JsonDict) -> list[tuple[Path, tuple[str, ...]]]:
    """Return the folders and file names that ``copy_tokenizer`` copies.

    Args:
        beside: Folder of the weights, or of a stored model.
        own: Name of the tokenizer folder within a stored model.
        model_cfg: Config of the model.

    Raises:
        ModelError: The files are not on this computer.
    """
    found: list[tuple[Path, tuple[str, ...]]] = []
    for key, names in ((_TOKENIZER, TOKENIZER_FILES), (_TOWER, TOWER_FILES)):
        if repository := model_cfg["text_cfg"].get(key):
            near = (folder for folder in (beside / own, beside) if _has(folder, key))
            found.append((next(near, None) or _local_folder(key, repository), names))
    return found


def _copy(source: Path, target: Path) -> None:
    """Copy one file, without settings that refer to files or code elsewhere."""
    size = require_ordinary(source)
    if size > _MOST_BYTES:
        raise ModelError(
            tr(
                "{path} is refused: it has {size} MB, and such a file has {most} MB at most.",
                path=source,
                size=f"{size / 1e6:,.0f}",
                most=f"{_MOST_BYTES / 1e6:,.0f}",
            )
        )
    shutil.copyfile(source, target)
    if source.name == TOKENIZER_FILES[1]:
        settings = read_json_object(source, _MOST_BYTES)
        kept = {key: value for key, value in settings.items() if key not in _ELSEWHERE}
        if kept != settings:
            target.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _local_folder(key: str, repository: str) -> Path:
    folder = Path(repository)
    # Relative paths are not accepted: a folder in the current directory could have the same name by chance.
    if folder.is_absolute() and _has(folder, key):
        return folder
    from huggingface_hub import try_to_load_from_cache

    for proof in _PROOFS[key]:
        try:
            found = try_to_load_from_cache(repository, proof)
        except ValueError:  # not a valid repository name
            break
        if isinstance(found, str) and _has(Path(found).parent, key):
            return Path(found).parent
    raise ModelError(
        tr(
            "This model's text part needs {files} of {repository}, which is not on this machine, and nothing is "
            "downloaded unasked. Put them beside the weights and import the model again, or get them with: "
            "hf download {repository} {files}",
            repository=repository,
            files=" ".join(_PROOFS[key]),
        )
    )


def _has(folder: Path, key: str) -> bool:
    """Return whether a folder has the required files. A ``config.json`` may belong to something else."""
    if key == _TOWER:
        return _read(folder / TOWER_FILES[0]).get("model_type") in _KINDS
    return any((folder / proof).is_file() for proof in _PROOFS[key])


def _check_tower(config: Path) -> None:
    content = read_json_object(config)
    check_tower_config(content, config)
    if strange := [name for name in _STRANGE if content.get(name)]:
        raise ModelError(
            tr(
                "{path} asks for “{name}”, by which program code could be fetched and run; it is refused.",
                path=config,
                name=strange[0],
            )
        )


def _read(path: Path) -> JsonDict:
    """Return the JSON object in a file, or an empty dict if it is invalid. Later checks then reject it."""
    try:
        return read_json_object(path, _MOST_BYTES)
    except ModelError:
        return {}

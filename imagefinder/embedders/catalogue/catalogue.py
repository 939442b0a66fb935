"""open_clip's architectures and published weights, read without importing open_clip (and thus torch).

The architectures are JSON files in the package folder of open_clip. The table of published weights is code in
its ``pretrained.py``. Of that file, only assignments and the ``_...cfg`` helpers are executed, not the imports.
"""

import copy
import importlib.util
import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagefinder.domain.errors import ModelError, UsageError
from imagefinder.embedders.spec import JsonDict, merge_preprocess
from imagefinder.embedders.untrusted_files import read_json_object
from imagefinder.translation import tr

if TYPE_CHECKING:
    import ast

_TABLE_HELPER = re.compile(r"_\w*cfg")


@cache
def architectures() -> dict[str, Path]:
    """Return the config files of open_clip's architectures, by name."""
    return {path.stem: path for path in sorted((_package_folder() / "model_configs").glob("*.json"))}


def model_config(arch: str) -> JsonDict:
    """Return the config of an architecture, as in open_clip's ``model_configs/ARCH.json``.

    Raises:
        ModelError: open_clip has no such architecture. The message suggests similar names.
    """
    known = architectures()
    if arch not in known:
        raise ModelError(
            tr(
                "There is no model architecture called “{name}”.{perhaps}",
                name=arch,
                perhaps=suggestion(arch, known),
            )
        )
    config: JsonDict = json.loads(known[arch].read_text(encoding="utf-8"))
    return config


def custom_config(path: Path) -> tuple[JsonDict, JsonDict]:
    """Read a model config from a JSON file: open_clip's ``open_clip_config.json``, or its model part alone.

    Returns:
        The model config, and the preprocessing config (empty if the file has none).

    Raises:
        ModelError: The file does not exist, is not a model config, or contains values that are not allowed
            (``config_bounds``).
    """
    content = read_json_object(path)
    model_cfg = content.get("model_cfg", content)
    if not isinstance(model_cfg, dict) or not _is_model_config(model_cfg):
        raise ModelError(
            tr(
                "{path} is not a CLIP model config: it needs “embed_dim”, “vision_cfg” and “text_cfg”.",
                path=path,
            )
        )
    preprocess = content.get("preprocess_cfg")
    overlay = preprocess if isinstance(preprocess, dict) else {}
    # Imported late, because every start reads the catalogue, but only few read custom configs.
    from imagefinder.embedders.config_bounds import check_config, check_preprocess

    check_config(model_cfg, path)
    check_preprocess(overlay, path)
    return model_cfg, overlay


def published_tags(arch: str) -> Mapping[str, JsonDict]:
    """Return the published weights of an architecture: rows of open_clip's table (hub, url, mean, ...) by tag."""
    return published_table().get(arch, {})


@cache
def published_table() -> Mapping[str, Mapping[str, JsonDict]]:
    """Return open_clip's table of published weights: rows by architecture and tag.

    Raises:
        ModelError: The installed open_clip stores its table in an unknown form.
    """
    import ast

    folder = _package_folder()
    scope: dict[str, Any] = {"copy": copy}
    try:
        for module in ("constants.py", "pretrained.py"):
            tree = ast.parse((folder / module).read_text(encoding="utf-8"))
            tree.body = [node for node in tree.body if _belongs_to_the_table(node)]
            exec(compile(tree, module, "exec"), scope)  # noqa: S102 - code of a library that is imported anyway
        table: Mapping[str, Mapping[str, JsonDict]] = scope["_PRETRAINED"]
    except (KeyError, NameError, OSError, SyntaxError, TypeError) as error:
        raise ModelError(
            tr("The installed open_clip_torch is of a version this program does not know; install 3.3.")
        ) from error
    return table


def settings_for(arch: str, tag: str | None) -> tuple[JsonDict, JsonDict]:
    """Return the model config and preprocessing for weights of a known architecture.

    With a tag, the tag's own settings are used, including the activation function. open_clip itself only
    warns if a tag was trained with QuickGELU and the architecture's config differs, and then computes wrong
    vectors. Without a tag, the preprocessing is the one that most published weights of the architecture use.

    Raises:
        ModelError: There is no such architecture or tag.
    """
    model_cfg, tags = model_config(arch), published_tags(arch)
    if tag is None:
        choices = Counter(json.dumps(merge_preprocess(model_cfg, row)) for row in tags.values())
        common: JsonDict = json.loads(choices.most_common(1)[0][0]) if choices else {}
        return model_cfg, merge_preprocess(model_cfg, common)
    if tag not in tags:
        raise ModelError(
            tr(
                "open_clip has no weights called “{name}” for {arch}.{perhaps}",
                name=tag,
                arch=arch,
                perhaps=suggestion(tag, tags),
            )
        )
    if tags[tag].get("quick_gelu", False):
        model_cfg["quick_gelu"] = True
    return model_cfg, merge_preprocess(model_cfg, tags[tag])


def suggestion(word: str, known: Mapping[str, object] | list[str]) -> str:
    """Return a sentence suggesting similar names, preceded by a space. Empty if none is similar."""
    import difflib

    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.6)
    names = tr(" or ", "between names").join(by_lower[name] for name in near)
    return tr(" Did you mean {names}?", "another sentence stands before", names=names) if near else ""


def _belongs_to_the_table(node: "ast.stmt") -> bool:
    import ast

    match node:
        case ast.FunctionDef(name=name):
            return _TABLE_HELPER.fullmatch(name) is not None
        case ast.Assign() | ast.For():
            return True
        case ast.Expr(value=ast.Call()):
            return True
    return False


def _is_model_config(config: JsonDict) -> bool:
    parts = config.get("vision_cfg"), config.get("text_cfg")
    return isinstance(config.get("embed_dim"), int) and all(isinstance(part, dict) for part in parts)


@cache
def _package_folder() -> Path:
    spec = importlib.util.find_spec("open_clip")
    if spec is None or spec.origin is None:
        raise UsageError(tr("CLIP models need the package open_clip_torch: pip install open_clip_torch"))
    return Path(spec.origin).parent

"""Text towers that lean on transformers: their parts are looked up on this machine, never fetched."""

import importlib.util
from pathlib import Path

from imagefinder.embedders.spec import JsonDict
from imagefinder.model.errors import ModelError
from imagefinder.translation import tr


def local_text_config(text_cfg: JsonDict) -> JsonDict:
    """A copy of a text tower's config in which repositories of the model hub are replaced by local folders.

    A config that names none (every model with CLIP's own tokenizer) comes back as it is.

    Raises:
        ModelError: it needs transformers, which is not installed, or files that are not on this machine.
    """
    config = {**text_cfg}
    for key, proof in (("hf_tokenizer_name", "tokenizer_config.json"), ("hf_model_name", "config.json")):
        if not config.get(key):
            config.pop(key, None)
            continue
        if importlib.util.find_spec("transformers") is None:
            raise ModelError(tr("This model's text part needs one more library: pip install transformers"))
        config[key] = str(_local_folder(config[key], proof))
    if "hf_model_name" in config:
        config["hf_model_pretrained"] = False
    return config


def _local_folder(repository: str, proof: str) -> Path:
    if Path(repository).is_dir():
        return Path(repository)
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, proof)
    if not isinstance(found, str):
        raise ModelError(
            tr(
                "This model's text part needs {repository}, which is not on this machine, and nothing is "
                "downloaded unasked. Get it with: hf download {repository}",
                repository=repository,
            )
        )
    return Path(found).parent

"""Tests that hostile model files are refused before a library reads them.

Such files would run code, reach other files or hosts, or exhaust memory or time.
"""

import json
import os
import shutil
import socket
import struct
from copy import deepcopy
from pathlib import Path

import pytest
from helpers.hostile import refused
from helpers.many_languages import siglip2_like
from helpers.tiny_clip import TINY_CONFIG

from imagefinder.domain.errors import ModelError
from imagefinder.embedders import model_registry
from imagefinder.embedders.catalogue import model_store
from imagefinder.embedders.importing import importer
from imagefinder.embedders.importing.importer import import_model, imported_models
from imagefinder.embedders.untrusted_files import (
    CONFIG_BYTES,
    MalformedError,
    parse_json_object,
    read_json_object,
)
from imagefinder.embedders.weights.weights_file import tensor_table


def beside(folder: Path, weights: Path, config: object) -> Path:
    """Return a folder with weights and a config, as open_clip publishes them."""
    folder.mkdir()
    shutil.copy(weights, folder / "open_clip_model.safetensors")
    text = config if isinstance(config, str) else json.dumps(config)
    (folder / "open_clip_config.json").write_text(text)
    return folder


# Paths that are not regular files


@pytest.mark.usefixtures("_no_library_sees_it")
def test_a_pipe_a_socket_and_a_device_are_never_opened(tmp_path: Path, models: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    (tmp_path / "link.pt").symlink_to(tmp_path / "pipe.safetensors")
    refused(tmp_path / "pipe.safetensors", models, "not a file but a pipe")
    refused(tmp_path / "link.pt", models, "not a file but a pipe")
    refused(Path("/dev/zero"), models, "not a file but a pipe, a socket or a device")
    with socket.socket(socket.AF_UNIX) as bound:
        before = Path.cwd()
        os.chdir(tmp_path)  # socket paths are limited in length
        try:
            bound.bind("s.pt")
        finally:
            os.chdir(before)
        refused(tmp_path / "s.pt", models, "a socket")


@pytest.mark.usefixtures("_no_library_sees_it")
def test_what_lies_in_a_folder_is_looked_at_before_it_is_opened(
    tmp_path: Path, models: Path, tiny_safetensors: Path
) -> None:
    folder = tmp_path / "a"
    (folder / "open_clip_model.safetensors").mkdir(parents=True)
    refused(folder, models, "is a folder, not a file")
    (tmp_path / "b").mkdir()
    os.mkfifo(tmp_path / "b" / "model.pt")
    refused(tmp_path / "b", models, "not a file but a pipe")
    other = beside(tmp_path / "c", tiny_safetensors, "{}")
    (other / "open_clip_config.json").unlink()
    (other / "open_clip_config.json").symlink_to("/dev/zero")
    os.mkfifo(other / "x.index.json")
    (other / "model.json").symlink_to("/dev/zero")
    # A config that is not a regular file is ignored, and reading it does not block.
    assert importer.find_source(other).config is None


# JSON


@pytest.mark.usefixtures("_no_library_sees_it")
@pytest.mark.parametrize(
    ("config", "words"),
    [
        ('{"model_cfg":' + "[" * 200_000 + "]" * 200_000 + "}", "nested too deeply"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
        ('{"embed_dim": 4, "embed_dim": 5}', "“embed_dim” stands in it twice"),
        ('{"embed_dim": NaN}', "NaN, which is no number"),
        ('{"embed_dim": -Infinity}', "-Infinity, which is no number"),
        ('{"embed_dim": 1e999}', "1e999, which is no number"),
        ('{"embed_dim": ' + "9" * 10_000 + "}", "not a JSON file"),
        ('{"embed_dim": "' + "x" * CONFIG_BYTES + '"}', "such a file has 1 MB at most"),
        ("[]", "no object"),
        ("", "not a JSON file"),
    ],
)
def test_a_config_that_means_nothing_is_refused(
    tmp_path: Path, models: Path, tiny_safetensors: Path, config: str, words: str
) -> None:
    refused(beside(tmp_path / "model", tiny_safetensors, config), models, words)


def test_a_file_that_grows_while_it_is_read_is_read_to_its_bound_only() -> None:
    # Files in /proc report a size of 0.
    with pytest.raises(ModelError):
        read_json_object(Path("/proc/self/maps"), 100)


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b'{"a": 1}{', b"'a'", b"3", b"null"])
def test_what_is_no_object_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json_object(text)


# Configs


@pytest.mark.usefixtures("_no_library_sees_it")
@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("vision_cfg", "timm_model_name", "hf-hub:timm/resnet18"),
        ("vision_cfg", "timm_model_name", "local-dir:/etc"),
        ("text_cfg", "hf_model_name", "/etc"),
        ("text_cfg", "hf_tokenizer_name", "../../etc"),
        ("vision_cfg", "image_size", 10**6),
        ("vision_cfg", "patch_size", 0),
        ("text_cfg", "layers", 10**9),
        ("text_cfg", "width", 10**9),
        ("text_cfg", "context_length", -1),
        ("text_cfg", "pretrained", "/etc/passwd"),
    ],
)
def test_a_config_that_reaches_out_is_refused_before_anything_is_built(
    tmp_path: Path, models: Path, tiny_safetensors: Path, part: str, key: str, value: object
) -> None:
    config = deepcopy(TINY_CONFIG)
    config[part][key] = value
    folder = beside(tmp_path / "model", tiny_safetensors, {"model_cfg": config})
    refused(folder, models, f"open_clip_config.json is refused: “{part}.{key}” ")
    # The same if the user gives the config.
    with pytest.raises(ModelError, match=f"“{part}.{key}” "):
        import_model(tiny_safetensors, str(folder / "open_clip_config.json"), models)


@pytest.mark.usefixtures("_no_library_sees_it")
def test_a_tokenizer_that_is_nowhere_is_missed_before_anything_is_read(
    tmp_path: Path, models: Path, tiny_safetensors: Path
) -> None:
    config = deepcopy(TINY_CONFIG)
    config["text_cfg"]["hf_tokenizer_name"] = "somebody/something"
    refused(beside(tmp_path / "model", tiny_safetensors, config), models, "nothing is downloaded unasked")


@pytest.mark.usefixtures("_no_library_sees_it")
@pytest.mark.parametrize("name", ["../../escaped", "\x1b[31mred\n", "/etc", ""])
def test_a_name_that_leads_elsewhere_is_refused(
    tiny_safetensors: Path, models: Path, name: str, tmp_path: Path
) -> None:
    refused(tiny_safetensors, models, "cannot be a model's name", name=name)
    assert sorted(path.name for path in tmp_path.iterdir()) == []


def test_a_file_whose_name_is_no_text_is_imported_under_one_that_is(
    tiny_safetensors: Path, tiny_config: Path, models: Path, tmp_path: Path
) -> None:
    strange = tmp_path / "a\udcff\x1b[31m\n.safetensors"
    shutil.copy(tiny_safetensors, strange)
    model = import_model(strange, str(tiny_config), models).model
    assert model.name.isprintable()
    assert [spec.name for spec in imported_models(models)] == [model.name]


# safetensors


def safetensors_file(path: Path, header: object, body: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


@pytest.mark.usefixtures("_no_library_sees_it")
@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [2**62], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2**40, 2**40, 0], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [1] * 1000 + [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [-1, -2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [True, 2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": "22", "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": ["0", "8"]},
        {"dtype": "F32", "shape": [2], "data_offsets": []},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 16]},
        {"dtype": "F32", "shape": [2], "data_offsets": {"0": 0, "1": 8}},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "__class__", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]},
        {"shape": [2], "data_offsets": [0, 8]},
        {},
        [1],
        None,
        "x",
    ],
)
def test_a_table_of_contents_that_makes_no_sense_is_refused(
    tmp_path: Path, models: Path, entry: object
) -> None:
    second = {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}
    header = {"visual.conv1.weight": entry, "token_embedding.weight": second}
    path = safetensors_file(tmp_path / "x.safetensors", header, bytes(16))
    refused(path, models, r"is refused: the place of “visual\.conv1\.weight” makes no sense")


@pytest.mark.usefixtures("_no_library_sees_it")
@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
        (b'{"a": {"shape": [1e400]}}', "no number"),
        (b'{"a": {"shape": [NaN]}}', "no number"),
        (b'{"a": 1, "a": 2}', "“a” stands in it twice"),
        (b"{}  ", "damaged or not whole"),
        (b'{"__metadata__": {}}', "damaged or not whole"),
        (b'{"a"', "damaged or not whole"),
    ],
)
def test_a_table_of_contents_that_is_none_is_refused(
    tmp_path: Path, models: Path, header: bytes, words: str
) -> None:
    refused(safetensors_file(tmp_path / "x.safetensors", header), models, words)


@pytest.mark.usefixtures("_no_library_sees_it")
def test_a_table_of_contents_of_gigabytes_is_not_read(tmp_path: Path, models: Path) -> None:
    path = tmp_path / "x.safetensors"
    with path.open("wb") as out:
        out.write(struct.pack("<Q", 3_000_000_000 - 8) + b"{")
        out.truncate(3_000_000_000)
    refused(path, models, "its table of contents is larger than that of any model")
    with path.open("r+b") as out:
        out.write(struct.pack("<Q", 2**63) + b"{")
    refused(path, models, "not a weights file")


@pytest.mark.usefixtures("_no_library_sees_it")
def test_a_file_larger_than_any_model_is_not_read(tmp_path: Path, models: Path) -> None:
    path = safetensors_file(tmp_path / "x.safetensors", {"a": 1})
    os.truncate(path, 1 << 40)
    refused(path, models, "larger than any CLIP model")


def test_a_table_is_read_whose_tensors_stand_in_another_order_than_their_names(tmp_path: Path) -> None:
    header = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [4, 12]},
        "b": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
        "c": {"dtype": "F32", "shape": [0, 5], "data_offsets": [12, 12]},
    }
    assert list(tensor_table(safetensors_file(tmp_path / "x.safetensors", header, bytes(12)))) == [
        "a",
        "b",
        "c",
    ]
    header["a"]["data_offsets"] = [2, 10]  # type: ignore[index]  # beyond the end of b
    with pytest.raises(MalformedError):
        tensor_table(safetensors_file(tmp_path / "x.safetensors", header, bytes(12)))


# Files beside the weights


def test_a_giant_tokenizer_is_not_copied(tmp_path: Path, models: Path) -> None:
    folder = siglip2_like(tmp_path / "model")
    os.truncate(folder / "tokenizer.json", 3_000_000_000)
    refused(
        folder, models, r"tokenizer\.json is refused: it has 3,000 MB, and such a file has 150 MB at most"
    )


def test_what_is_no_file_is_no_tokenizers_file(tmp_path: Path, models: Path) -> None:
    folder = siglip2_like(tmp_path / "model")
    os.mkfifo(folder / "vocab.txt")
    (folder / "merges.txt").symlink_to("/dev/zero")
    (folder / "spiece.model").mkdir()
    kept_in = import_model(folder, "", models).model.weights.parent / "tokenizer"
    assert {path.name for path in kept_in.iterdir()} == {"tokenizer.json", "tokenizer_config.json"}


def test_settings_of_a_tokenizer_that_name_other_files_are_left_out(tmp_path: Path, models: Path) -> None:
    folder = siglip2_like(tmp_path / "model")
    file = folder / "tokenizer_config.json"
    before = json.loads(file.read_text())
    strange = {
        "vocab_file": "/etc/passwd",
        "tokenizer_file": "/etc/shadow",
        "auto_map": {"AutoTokenizer": ["x.Y"]},
    }
    file.write_text(json.dumps({**before, **strange, "name_or_path": "evil/repo"}))
    kept_in = import_model(folder, "", models).model.weights.parent / "tokenizer"
    assert json.loads((kept_in / "tokenizer_config.json").read_text()) == before


# Loading of stored models


@pytest.fixture
def kept_folder(tiny_safetensors: Path, tiny_config: Path, models: Path) -> Path:
    return import_model(tiny_safetensors, str(tiny_config), models, "tiny/kept").model.weights.parent


@pytest.mark.parametrize(
    ("file", "keys", "value"),
    [
        ("config.json", ("model_cfg", "vision_cfg", "timm_model_name"), "hf-hub:timm/resnet18"),
        ("config.json", ("model_cfg", "text_cfg", "hf_tokenizer_name"), "/etc"),
        ("config.json", ("model_cfg", "text_cfg", "layers"), 10**9),
        ("config.json", ("model_cfg", "text_cfg"), None),
        ("config.json", ("preprocess_cfg", "size"), 10**6),
        ("config.json", ("preprocess_cfg",), []),
        ("model.json", ("name",), ["x"]),
        ("model.json", ("name",), "x" * 10_000),
        ("model.json", ("arch",), 5),
        ("model.json", ("weights_id",), "z" * 10_000),
        ("model.json", ("openvino_tower",), "../../../tower-01234567.xml"),
        ("model.json", ("openvino_tower",), "/tmp/tower-01234567.xml"),
        ("model.json", ("openvino_tower",), 5),
    ],
)
def test_a_model_whose_files_were_changed_is_none_any_more(
    kept_folder: Path, models: Path, file: str, keys: tuple[str, ...], value: object
) -> None:
    content = json.loads((kept_folder / file).read_text())
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    (kept_folder / file).write_text(json.dumps(content))
    assert model_store.read_folder(kept_folder) is None
    with pytest.raises(ModelError):
        model_registry.create("tiny/kept", "cpu", models)
    # The folder cannot be imported either.
    with pytest.raises(ModelError):
        import_model(kept_folder, "", models.with_name("others"))


def test_a_folder_of_ours_with_a_name_that_leads_elsewhere_is_not_imported(
    kept_folder: Path, models: Path
) -> None:
    about = json.loads((kept_folder / "model.json").read_text())
    (kept_folder / "model.json").write_text(json.dumps(about | {"name": "../../x"}))
    with pytest.raises(ModelError, match="cannot be a model's name"):
        import_model(kept_folder, "", models.with_name("others"))

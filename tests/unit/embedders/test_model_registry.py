import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from imagefinder.domain.errors import ModelError
from imagefinder.domain.model_names import STARTER
from imagefinder.embedders import model_registry
from imagefinder.embedders.catalogue import catalogue
from imagefinder.embedders.catalogue.catalogue import published_table, settings_for
from imagefinder.embedders.catalogue.downloadable_models import offers
from imagefinder.embedders.catalogue.hub_cache import hub_files, published_checksum
from imagefinder.embedders.colour.builtin import BuiltinEmbedder
from imagefinder.embedders.importing.importer import import_checkpoint
from imagefinder.embedders.model_registry import BUILTIN, DEFAULT_CLIP
from imagefinder.resources import resource

HUB = "laion/CLIP-ViT-B-32-256x256-DataComp-s34B-b86K"


def put_in_hub_cache(cache: Path, repository: str, name: str) -> Path:
    """Create a file in the layout of huggingface_hub's cache."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    path = folder / "snapshots" / ("0" * 40) / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the models that come with the program, for tests that damage them."""
    folder = tmp_path / "own"
    shutil.copytree(resource("models"), folder)
    monkeypatch.setattr(model_registry, "resource", lambda name: folder)
    return folder


def cut_short(starter: Path) -> None:
    weights = starter / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])


def leave_a_pointer(starter: Path) -> None:
    (starter / "weights.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")


def forget_the_dimension(starter: Path) -> None:
    config = (starter / "config.json").read_text().replace("embed_dim", "dimension")
    (starter / "config.json").write_text(config)


def test_without_clip_weights_the_starter_model_is_the_default(tmp_path: Path) -> None:
    assert model_registry.default_model(tmp_path) == STARTER
    embedder = model_registry.create(STARTER, "auto", tmp_path)
    assert (embedder.dimension, embedder.image_side) == (512, 192)
    assert embedder.id.startswith("open_clip:TinyViT-5M-192:sha256:")
    assert model_registry.available(tmp_path)[0].name == STARTER
    assert "For the best results download CLIP" in model_registry.advice(STARTER, tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        shutil.rmtree,
        lambda starter: (starter / "config.json").unlink(),
        lambda starter: (starter / "config.json").write_text("{"),
        lambda starter: (starter / "weights.safetensors").unlink(),
        lambda starter: (starter / "weights.safetensors").write_bytes(b""),
        forget_the_dimension,
        cut_short,
        leave_a_pointer,
    ],
)
def test_without_the_starter_models_files_colours_and_shapes_are_known(
    tmp_path: Path, own_models: Path, damage: Callable[[Path], object]
) -> None:
    damage(own_models / "starter")
    assert model_registry.default_model(tmp_path) == BUILTIN
    assert isinstance(model_registry.create(BUILTIN, "auto", tmp_path), BuiltinEmbedder)
    assert STARTER not in [info.name for info in model_registry.available(tmp_path)]
    assert "Install imagefinder again" in model_registry.advice(BUILTIN, tmp_path)
    with pytest.raises(
        ModelError, match=r"starter model.* are missing or damaged\. Install imagefinder again"
    ):
        model_registry.create(STARTER, "auto", tmp_path)


@pytest.mark.parametrize("name", [STARTER, BUILTIN])
def test_no_imported_model_takes_the_name_of_one_of_the_programs_own(
    tmp_path: Path, tiny_safetensors: Path, tiny_config: Path, name: str
) -> None:
    with pytest.raises(ModelError, match=f"There is a model called “{name}” already"):
        import_checkpoint(tiny_safetensors, str(tiny_config), tmp_path / "models", name)


def test_a_folder_of_the_starter_models_name_does_not_stand_in_for_it(
    tmp_path: Path, own_models: Path
) -> None:
    shutil.copytree(own_models, tmp_path / "models")
    shutil.rmtree(own_models / "starter")
    assert model_registry.default_model(tmp_path / "models") == BUILTIN


def test_whoever_has_a_better_model_is_told_of_it(
    tmp_path: Path, tiny_safetensors: Path, tiny_config: Path
) -> None:
    import_checkpoint(tiny_safetensors, str(tiny_config), tmp_path, DEFAULT_CLIP)
    for name in (STARTER, BUILTIN):
        assert model_registry.advice(name, tmp_path).endswith(f"imagefinder models use {DEFAULT_CLIP}")
    assert not model_registry.advice(DEFAULT_CLIP, tmp_path)
    assert "download" not in model_registry.available(tmp_path)[0].detail


@pytest.mark.parametrize("name", ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"])
def test_clip_weights_in_the_hub_cache_make_clip_the_default(
    tmp_path: Path, no_models_of_this_machine: Path, name: str
) -> None:
    put_in_hub_cache(no_models_of_this_machine, HUB, name)
    assert model_registry.default_model(tmp_path) == DEFAULT_CLIP
    embedder = model_registry.create(DEFAULT_CLIP, "auto", tmp_path)
    assert (embedder.dimension, embedder.image_side) == (512, 256)
    assert embedder.id.startswith("open_clip:ViT-B-32-256:datacomp_s34b_b86k:")
    (info,) = [info for info in model_registry.available(tmp_path) if info.name == DEFAULT_CLIP]
    assert info.installed


def test_an_imported_model_of_that_name_makes_clip_the_default(
    tmp_path: Path, tiny_safetensors: Path, tiny_config: Path
) -> None:
    import_checkpoint(tiny_safetensors, str(tiny_config), tmp_path / "models", DEFAULT_CLIP)
    assert model_registry.default_model(tmp_path / "models") == DEFAULT_CLIP
    assert model_registry.create(DEFAULT_CLIP, "cpu", tmp_path / "models").dimension == 48


def test_openai_weights_in_the_clip_cache_are_found_with_their_checksum(tmp_path: Path) -> None:
    path = tmp_path / "home" / ".cache" / "clip" / "ViT-B-32.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    assert model_registry.create("ViT-B-32/openai", "auto", tmp_path).dimension == 512
    row = published_table()["ViT-B-32"]["openai"]
    assert published_checksum(row) == "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"


@pytest.mark.parametrize(
    ("name", "is_english"),
    [
        (DEFAULT_CLIP, True),
        ("ViT-L-14/laion2b_s32b_b82k", True),
        ("EVA02-B-16/merged2b_s8b_b131k", True),
        ("xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k", False),
        ("ViT-B-16-SigLIP2/webli", False),
        ("xlm-roberta-large-ViT-H-14/frozen_laion5b_s13b_b90k", False),
    ],
)
def test_an_english_model_is_told_from_one_for_many_languages(
    tmp_path: Path, no_models_of_this_machine: Path, name: str, is_english: bool
) -> None:
    arch, _, tag = name.partition("/")
    repository, files = hub_files(published_table()[arch][tag])
    put_in_hub_cache(no_models_of_this_machine, repository, files[0])
    embedder = model_registry.create(name, "cpu", tmp_path)
    assert embedder.is_english == is_english
    assert embedder.understands("咖啡") == (not is_english)


def test_a_file_from_elsewhere_may_know_any_language(
    tmp_path: Path, tiny_safetensors: Path, tiny_config: Path
) -> None:
    import_checkpoint(tiny_safetensors, str(tiny_config), tmp_path / "models", "mine")
    import_checkpoint(tiny_safetensors, str(tiny_config), tmp_path / "others", DEFAULT_CLIP)
    assert not model_registry.create("mine", "cpu", tmp_path / "models").is_english
    assert model_registry.create(DEFAULT_CLIP, "cpu", tmp_path / "others").is_english


def test_missing_weights_are_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        model_registry.create(DEFAULT_CLIP, "auto", tmp_path)
    message = str(caught.value)
    assert f"The weights of {DEFAULT_CLIP} are not on this machine." in message
    assert f"imagefinder models import FILE --arch {DEFAULT_CLIP}" in message
    assert HUB in message


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ViT-B-32-256/datacomp", DEFAULT_CLIP),
        ("vit-b-32/openai", "ViT-B-32/openai"),
        ("buildin", BUILTIN),
        ("startr", STARTER),
    ],
)
def test_an_unknown_name_is_refused_with_a_suggestion(tmp_path: Path, name: str, meant: str) -> None:
    with pytest.raises(ModelError, match=f"no model called “{name}”. Did you mean .*{meant}"):
        model_registry.create(name, "auto", tmp_path)


def test_the_recommended_model_is_listed_though_it_is_not_here(tmp_path: Path) -> None:
    infos = {info.name: info for info in model_registry.available(tmp_path)}
    assert list(infos) == [STARTER, *offers(), BUILTIN]
    assert infos[STARTER].installed
    assert infos[BUILTIN].installed
    assert "download CLIP ViT-B-32 (605 MB)" in infos[STARTER].detail
    assert not infos[DEFAULT_CLIP].installed
    assert f"models download {DEFAULT_CLIP}" in infos[DEFAULT_CLIP].detail
    assert "models import" in infos[DEFAULT_CLIP].detail
    assert infos[DEFAULT_CLIP].offer == offers()[DEFAULT_CLIP]


def test_a_tag_brings_its_own_preprocessing_and_activation() -> None:
    openai, preprocess = settings_for("ViT-B-32", "openai")
    assert openai["quick_gelu"] is True
    assert preprocess["resize_mode"] == "shortest"
    _, siglip = settings_for("ViT-B-16-SigLIP", "webli")
    assert (siglip["mean"], siglip["resize_mode"]) == ([0.5, 0.5, 0.5], "squash")
    _, laion = settings_for("ViT-L-14", "laion2b_s32b_b82k")
    assert laion["mean"] == [0.5, 0.5, 0.5]
    assert settings_for("ViT-L-14", None)[1]["mean"] != [0.5, 0.5, 0.5]
    assert settings_for("ViT-B-16-SigLIP", None)[1] == siglip


def test_every_published_tag_has_an_architecture_and_a_source() -> None:
    for arch, tags in published_table().items():
        for tag, row in tags.items():
            assert settings_for(arch, tag)[1]["size"] > 0
            assert row["hf_hub"] or row["url"]


IN_A_FRESH_PROCESS = """
import sys
from pathlib import Path
from imagefinder.embedders import model_registry
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.spec import ClipSpec, merge_preprocess
from imagefinder.embedders.catalogue.catalogue import model_config
model_registry.create(model_registry.default_model(Path({models!r})), "auto", Path({models!r}))
model_registry.available(Path({models!r}))
config = model_config("ViT-B-32")
spec = ClipSpec("n", "w", "ViT-B-32", Path("none"), config, merge_preprocess(config, {{}}))
OpenClipEmbedder(spec).close()
heavy = {{"torch", "torchvision", "open_clip", "timm", "hnswlib", "pymupdf"}} & sys.modules.keys()
assert not heavy, heavy
"""


def test_the_registry_and_a_new_embedder_import_nothing_heavy(tmp_path: Path) -> None:
    script = IN_A_FRESH_PROCESS.format(models=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_table_read_without_importing_open_clip_is_open_clips_own() -> None:
    from imagefinder.embedders.towers.tower_loader import import_open_clip

    import_open_clip()
    import open_clip
    from open_clip.pretrained import _PRETRAINED

    assert published_table() == _PRETRAINED
    assert set(catalogue.architectures()) == set(open_clip.list_models())

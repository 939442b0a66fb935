"""The settings: what is chosen holds at once."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QListWidget, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot
from ui.fake_client import FakeClient

from imagefinder.ipc.messages import (
    Done,
    Failed,
    ImportModel,
    ListModels,
    ModelChanged,
    Models,
    ModelState,
)
from imagefinder.model.model_names import ModelInfo
from imagefinder.paths import default_places
from imagefinder.ui.desktop import Desktop
from imagefinder.ui.settings_dialog import SettingsDialog
from imagefinder.ui.settings_keeper import SettingsKeeper
from imagefinder.ui.settings_pages_model import ModelPage

FINE = ModelInfo("fine", "A fine model", installed=True, detail="Finds well.")
OTHER = ModelInfo("other", "Another model", installed=True, detail="Finds faster.")
AWAY = ModelInfo("away", "A model elsewhere", installed=False, detail="Import it first.")


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[SettingsKeeper]:
    made = SettingsKeeper(tmp_path / "settings.json")
    yield made
    made.deleteLater()


@pytest.fixture
def dialog(qtbot: QtBot, client: FakeClient, keeper: SettingsKeeper) -> Iterator[SettingsDialog]:
    client.model = ModelChanged(ModelState.READY, "fine", "cpu (bfloat16)")
    desktop = Desktop()
    made = SettingsDialog(client, keeper, default_places(), desktop)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()
    desktop.close()
    desktop.deleteLater()


def _named(dialog: QWidget, kind: type[QWidget], name: str) -> QWidget:
    return next(each for each in dialog.findChildren(kind) if name in (each.accessibleName(), each.text()))


def _combo(dialog: QWidget, name: str) -> QComboBox:
    return next(each for each in dialog.findChildren(QComboBox) if each.accessibleName() == name)


def _choose(combo: QComboBox, data: object) -> None:
    combo.setCurrentIndex(combo.findData(data))
    combo.activated.emit(combo.currentIndex())


def _texts(dialog: QWidget) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def _list_models(client: FakeClient, *devices: str) -> None:
    request = client.last(ListModels)
    client.models_received.emit(Models(request.request_id, (FINE, OTHER, AWAY), devices))


def test_a_theme_is_kept_as_soon_as_it_is_chosen(
    dialog: SettingsDialog, keeper: SettingsKeeper, tmp_path: Path
) -> None:
    _choose(_combo(dialog, "Theme"), "dark")

    assert keeper.value.theme == "dark"
    assert json.loads((tmp_path / "settings.json").read_text())["theme"] == "dark"


def test_every_language_is_named_in_itself(dialog: SettingsDialog, keeper: SettingsKeeper) -> None:
    languages = _combo(dialog, "Language")
    assert languages.findText("简体中文") >= 0

    _choose(languages, "zh_CN")

    assert keeper.value.language == "zh_CN"


def test_threads_and_manners_are_kept(dialog: SettingsDialog, keeper: SettingsKeeper) -> None:
    dialog.findChild(QSpinBox).setValue(1)
    for box in dialog.findChildren(QCheckBox):
        if box.isEnabled():
            box.click()
    _choose(_combo(dialog, "While it is open"), 0)

    now = keeper.value
    assert (now.threads, now.low_priority, now.index_at_start, now.rescan_minutes) == (1, False, False, 0)
    assert not now.fetch_dropped_links


def test_local_addresses_are_a_matter_only_where_addresses_are_fetched(
    dialog: SettingsDialog, keeper: SettingsKeeper
) -> None:
    local = _named(dialog, QCheckBox, "Also from this computer and the local network")
    local.click()
    assert keeper.value.fetch_local_addresses

    _named(dialog, QCheckBox, "Fetch pictures that are dropped as an address").click()

    assert not local.isEnabled()


def test_the_model_in_use_is_marked_and_cannot_be_chosen_again(
    dialog: SettingsDialog, client: FakeClient
) -> None:
    _list_models(client, "cpu")

    models = dialog.findChild(QListWidget, options=Qt.FindChildOption.FindChildrenRecursively)
    models = next(each for each in dialog.findChildren(QListWidget) if each.accessibleName() == "Models")
    assert [models.item(row).text() for row in range(models.count())] == [
        "A fine model (in use)",
        "Another model",
        "A model elsewhere (not on this computer)",
    ]
    assert models.currentRow() == 0
    assert not _named(dialog, QPushButton, "Use this model").isEnabled()
    assert "In use: Processor (bfloat16)" in _texts(dialog)


def test_another_model_is_chosen_by_its_button(
    qtbot: QtBot, dialog: SettingsDialog, client: FakeClient
) -> None:
    _list_models(client, "cpu")
    models = next(each for each in dialog.findChildren(QListWidget) if each.accessibleName() == "Models")
    models.setCurrentRow(1)

    with qtbot.waitSignal(dialog.model_chosen) as chosen:
        _named(dialog, QPushButton, "Use this model").click()

    assert chosen.args == ["other"]
    models.setCurrentRow(2)
    assert not _named(dialog, QPushButton, "Use this model").isEnabled()


def test_a_model_that_is_not_here_is_taken_from_a_file(dialog: SettingsDialog, client: FakeClient) -> None:
    _list_models(client, "cpu")
    models = next(each for each in dialog.findChildren(QListWidget) if each.accessibleName() == "Models")
    models.setCurrentRow(2)
    assert not _named(dialog, QPushButton, "Choose its file…").isHidden()

    page = dialog.findChild(ModelPage)
    page.import_file("/downloads/weights.safetensors")

    request = client.last(ImportModel)
    assert (request.file, request.name) == (Path("/downloads/weights.safetensors"), AWAY.name)
    here = replace(AWAY, installed=True)
    client.done.emit(Done(request.request_id))
    client.models_received.emit(Models(client.last(ListModels).request_id, (FINE, OTHER, here), ("cpu",)))
    assert models.currentRow() == 2
    assert _named(dialog, QPushButton, "Use this model").isEnabled()


def test_a_file_that_is_no_model_is_said_to_be_none(dialog: SettingsDialog, client: FakeClient) -> None:
    _list_models(client, "cpu")
    models = next(each for each in dialog.findChildren(QListWidget) if each.accessibleName() == "Models")
    models.setCurrentRow(2)
    dialog.findChild(ModelPage).import_file("/downloads/holiday.jpg")

    client.failed.emit(Failed(client.last(ImportModel).request_id, "This is a picture."))

    assert "This is a picture." in _texts(dialog)
    assert _named(dialog, QPushButton, "Choose its file…").isEnabled()


def test_only_devices_that_were_found_are_offered(dialog: SettingsDialog, client: FakeClient) -> None:
    _list_models(client, "cpu", "cuda")

    devices = _combo(dialog, "Compute on")
    assert [devices.itemData(row) for row in range(devices.count())] == ["auto", "cpu", "cuda"]


def test_another_library_is_another_setting(
    dialog: SettingsDialog, keeper: SettingsKeeper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "imagefinder.ui.settings_pages_library.QFileDialog.getExistingDirectory",
        lambda *_: str(tmp_path / "elsewhere"),
    )

    dialog.library.choose()

    assert keeper.value.library == str(tmp_path / "elsewhere")


def test_the_thumbnails_folder_is_measured(qtbot: QtBot, dialog: SettingsDialog) -> None:
    qtbot.waitUntil(lambda: "0 B" in _texts(dialog) or "0 bytes" in _texts(dialog))


def test_settings_that_cannot_be_written_hold_until_the_end_and_say_so(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keeper = SettingsKeeper(tmp_path / "file" / "settings.json")

    with qtbot.waitSignal(keeper.notice):
        keeper.change(theme="light")

    assert keeper.value.theme == "light"


def test_everything_has_a_name_for_screen_readers(dialog: SettingsDialog) -> None:
    kinds = (QComboBox, QSpinBox, QListWidget, QPushButton, QCheckBox)
    for kind in kinds:
        for widget in dialog.findChildren(kind):
            assert widget.accessibleName() or widget.text(), widget

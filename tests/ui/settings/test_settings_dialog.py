"""Tests of the settings dialog: changes take effect immediately."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from helpers.model_samples import DATACOMP, STARTER_MODEL
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from imagefinder.ipc.messages import DownloadModel, ListModels, ModelChanged, Models, ModelState
from imagefinder.paths import default_places
from imagefinder.ui.models.model_manager import ModelManager
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.settings.settings_dialog import NETWORK_PAGE, SettingsDialog


@pytest.fixture
def settings_store(tmp_path: Path) -> Iterator[SettingsStore]:
    made = SettingsStore(tmp_path / "settings.json")
    yield made
    made.deleteLater()


@pytest.fixture
def dialog(qtbot: QtBot, client: FakeClient, settings_store: SettingsStore) -> Iterator[SettingsDialog]:
    client.model = ModelChanged(ModelState.READY, "starter", "cpu (bfloat16)")
    desktop = Desktop()
    manager = ModelManager(client, settings_store)
    made = SettingsDialog(client, settings_store, manager, default_places(), desktop)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()
    manager.deleteLater()
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
    client.hear(Models(request.request_id, (STARTER_MODEL, DATACOMP), devices))


def test_a_theme_is_kept_as_soon_as_it_is_chosen(
    dialog: SettingsDialog, settings_store: SettingsStore, tmp_path: Path
) -> None:
    _choose(_combo(dialog, "Theme"), "dark")

    assert settings_store.value.theme == "dark"
    assert json.loads((tmp_path / "settings.json").read_text())["theme"] == "dark"


def test_every_language_is_named_in_itself(dialog: SettingsDialog, settings_store: SettingsStore) -> None:
    languages = _combo(dialog, "Language")
    assert languages.findText("简体中文") >= 0

    _choose(languages, "zh_CN")

    assert settings_store.value.language == "zh_CN"


def test_threads_and_manners_are_kept(dialog: SettingsDialog, settings_store: SettingsStore) -> None:
    dialog.findChild(QSpinBox).setValue(1)
    for box in dialog.findChildren(QCheckBox):
        if box.isEnabled():
            box.click()
    _choose(_combo(dialog, "While the window is open"), 0)

    now = settings_store.value
    assert (now.threads, now.low_priority, now.index_at_start, now.rescan_minutes) == (1, False, False, 0)
    assert not now.fetch_dropped_links


def test_local_addresses_are_a_matter_only_where_addresses_are_fetched(
    dialog: SettingsDialog, settings_store: SettingsStore
) -> None:
    local = _named(dialog, QCheckBox, "Include links to this computer and the local network")
    local.click()
    assert settings_store.value.fetch_local_addresses

    _named(dialog, QCheckBox, "Download pictures from dropped links").click()

    assert not local.isEnabled()


def test_only_devices_that_were_found_are_offered(dialog: SettingsDialog, client: FakeClient) -> None:
    _list_models(client, "cpu", "cuda")

    devices = _combo(dialog, "Compute on")
    assert [devices.itemData(row) for row in range(devices.count())] == ["auto", "cpu", "cuda"]
    assert "In use: Processor (bfloat16)" in _texts(dialog)


def test_the_models_memory_is_given_back_when_one_likes(
    dialog: SettingsDialog, settings_store: SettingsStore
) -> None:
    release = _combo(dialog, "Free the model's memory")
    assert release.currentData() == 15

    _choose(release, 0)

    assert settings_store.value.release_minutes == 0


def test_a_download_goes_by_the_mirror_and_the_proxy_that_were_set(
    dialog: SettingsDialog, client: FakeClient, settings_store: SettingsStore
) -> None:
    for name, address in (("Mirror", "https://mirror.example/hub"), ("Proxy", "http://proxy.example:8080")):
        field = _named(dialog, QLineEdit, name)
        field.setText(f" {address} ")
        field.editingFinished.emit()
    assert (settings_store.value.hub_mirror, settings_store.value.proxy) == (
        "https://mirror.example/hub",
        "http://proxy.example:8080",
    )

    _list_models(client, "cpu")
    _named(dialog, QPushButton, f"Download {DATACOMP.title}").click()

    request = client.last(DownloadModel)
    assert (request.mirror, request.proxy) == ("https://mirror.example/hub", "http://proxy.example:8080")


def test_an_address_that_cannot_be_one_is_said_while_it_is_typed_and_not_kept(
    dialog: SettingsDialog, settings_store: SettingsStore
) -> None:
    field = _named(dialog, QLineEdit, "Mirror")
    field.setText("https:/")
    assert "begin with https://" not in _texts(dialog)

    field.setText("ftp://mirror.example")
    assert "The address must begin with https:// or http://." in _texts(dialog)
    field.editingFinished.emit()

    assert settings_store.value.hub_mirror == ""


def test_what_was_typed_last_is_kept_when_the_settings_are_closed(
    dialog: SettingsDialog, settings_store: SettingsStore
) -> None:
    _named(dialog, QLineEdit, "Proxy").setText("http://proxy.example:8080")

    dialog.reject()

    assert settings_store.value.proxy == "http://proxy.example:8080"


def test_the_page_of_models_leads_to_where_they_come_from(dialog: SettingsDialog, client: FakeClient) -> None:
    _list_models(client, "cpu")

    _named(dialog, QPushButton, "Download settings…").click()

    assert dialog.page == NETWORK_PAGE


def test_another_library_is_another_setting(
    dialog: SettingsDialog, settings_store: SettingsStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "imagefinder.ui.settings.library_page.QFileDialog.getExistingDirectory",
        lambda *_: str(tmp_path / "elsewhere"),
    )

    dialog.library.choose()

    assert settings_store.value.library == str(tmp_path / "elsewhere")


def test_the_thumbnails_folder_is_measured(qtbot: QtBot, dialog: SettingsDialog) -> None:
    qtbot.waitUntil(lambda: "0 B" in _texts(dialog) or "0 bytes" in _texts(dialog))


def test_settings_that_cannot_be_written_hold_until_the_end_and_say_so(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings_store = SettingsStore(tmp_path / "file" / "settings.json")

    with qtbot.waitSignal(settings_store.notice):
        settings_store.change(theme="light")

    assert settings_store.value.theme == "light"


def test_everything_has_a_name_for_screen_readers(dialog: SettingsDialog, client: FakeClient) -> None:
    _list_models(client, "cpu")
    kinds = (QComboBox, QSpinBox, QListWidget, QPushButton, QCheckBox, QLineEdit)
    for kind in kinds:
        for widget in dialog.findChildren(kind):
            if not isinstance(widget.parent(), QComboBox | QSpinBox):
                assert widget.accessibleName() or widget.text(), widget

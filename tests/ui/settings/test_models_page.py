"""Tests of the settings page for models: cards, operations, downloads and model switch."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from helpers.model_samples import (
    COLOURS_MODEL,
    DATACOMP,
    MOBILE,
    OPENAI,
    OWN,
    SIGLIP,
    STARTER_MODEL,
    here,
    info,
    offer,
)
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobState, JobStatus
from imagefinder.domain.library import LibraryStatus, ModelChange
from imagefinder.domain.model_names import ModelInfo
from imagefinder.ipc.messages import (
    CancelDownload,
    Done,
    DownloadChanged,
    DownloadModel,
    Failed,
    ImportModel,
    JobChanged,
    LibraryChanged,
    ListModels,
    ModelChanged,
    Models,
    ModelState,
    RemoveModel,
    UseModel,
)
from imagefinder.ui.models.model_header import Badge
from imagefinder.ui.models.model_manager import ModelManager
from imagefinder.ui.models.model_switch_bar import ModelSwitchBar
from imagefinder.ui.services.engine_client import EngineState, EngineStatus
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.settings.models_page import ModelsPage
from imagefinder.ui.widgets.link_button import LinkButton
from imagefinder.ui.widgets.style_sheet import style_sheet

MakePage = Callable[[], ModelsPage]


@pytest.fixture
def settings_store(tmp_path: Path) -> Iterator[SettingsStore]:
    made = SettingsStore(tmp_path / "settings.json")
    yield made
    made.deleteLater()


@pytest.fixture
def manager(client: FakeClient, settings_store: SettingsStore) -> Iterator[ModelManager]:
    client.model = ModelChanged(ModelState.READY, "starter", "cpu")
    client.library = _library()
    made = ModelManager(client, settings_store)
    yield made
    made.deleteLater()


@pytest.fixture
def make_page(
    qtbot: QtBot, client: FakeClient, settings_store: SettingsStore, manager: ModelManager
) -> MakePage:
    def make() -> ModelsPage:
        made = ModelsPage(client, settings_store, manager)
        qtbot.addWidget(made)
        # Use the paddings of the real window, and the initial width of the page in the settings dialog.
        made.setStyleSheet(style_sheet())
        made.resize(600, 600)
        made.show()
        return made

    return make


@pytest.fixture
def page(make_page: MakePage) -> ModelsPage:
    return make_page()


def _library(change: ModelChange | None = None, items: int = 2000) -> LibraryChanged:
    status = LibraryStatus(Path("/library"), "starter", (), items, {}, (), change)
    return LibraryChanged(status, items, ("jpg",))


def _list(client: FakeClient, *models: ModelInfo) -> None:
    client.hear(Models(client.last(ListModels).request_id, models, ("cpu",)))


def _buttons(widget: QWidget) -> list[str]:
    """Return the texts of the visible buttons that can be clicked."""
    found = widget.findChildren(QPushButton)
    return [each.text() for each in found if each.isVisible() and each.isEnabled()]


def _press(widget: QWidget, text: str) -> None:
    found = [each for each in widget.findChildren(QPushButton) if each.text() == text and each.isVisible()]
    found[0].click()


def _focus(widget: QWidget, text: str) -> None:
    next(each for each in widget.findChildren(QPushButton) if each.text() == text).setFocus()


def _is_in_sight(widget: QWidget) -> bool:
    """Return whether a widget is visible in its full height."""
    return widget.visibleRegion().boundingRect().height() == widget.height()


def _tick(widget: QWidget, text: str) -> None:
    found = [each for each in widget.findChildren(QCheckBox) if text in each.text() and each.isVisible()]
    found[0].click()


def _links(widget: QWidget) -> dict[str, str]:
    """Return the visible links with their addresses."""
    return {each.text(): each.toolTip() for each in widget.findChildren(LinkButton) if each.isVisible()}


def _texts(widget: QWidget) -> str:
    return "\n".join(each.text() for each in widget.findChildren(QLabel) if each.isVisible())


def _badge(page: ModelsPage, model: ModelInfo) -> str:
    return str(page.card(model.name).findChild(Badge).text())


def test_the_model_in_use_is_marked_and_the_recommended_one_is_open(
    page: ModelsPage, client: FakeClient
) -> None:
    _list(client, COLOURS_MODEL, OPENAI, STARTER_MODEL, DATACOMP, MOBILE)

    assert _badge(page, STARTER_MODEL) == "In use"
    assert _badge(page, DATACOMP) == "Recommended"
    assert page.card(STARTER_MODEL.name).y() < page.card(COLOURS_MODEL.name).y()
    assert page.card(DATACOMP.name).y() < page.card(OPENAI.name).y()
    assert "Download" in _buttons(page.card(DATACOMP.name))
    assert _buttons(page.card(OPENAI.name)) == []


def test_a_model_says_its_size_its_languages_and_its_published_figures(
    page: ModelsPage, client: FakeClient
) -> None:
    _list(client, STARTER_MODEL, SIGLIP)
    card = page.card(SIGLIP.name)
    assert "1.5 GB · many languages · finds 52 of 100" in _texts(card)

    card.unfold(on=True)

    shown = _texts(card)
    assert "52.1 of 100 descriptions (COCO)" in shown
    assert "78.2 of 100 pictures (ImageNet)" in shown
    assert "2.1 GB of memory" in shown
    assert _links(card)["Licence: Apache-2.0"] == "https://example.org/apache"
    assert "Flickr30k" not in shown
    assert "transformers" in shown


def test_one_model_at_a_time_is_unfolded_by_a_key(page: ModelsPage, client: FakeClient, qtbot: QtBot) -> None:
    _list(client, STARTER_MODEL, DATACOMP, OPENAI)
    header = page.card(OPENAI.name).header
    header.setFocus()

    qtbot.keyClick(header, Qt.Key.Key_Return)

    assert header.isChecked()
    assert not page.card(DATACOMP.name).header.isChecked()


def test_a_download_shows_how_far_it_is_and_ends_in_a_model_that_can_be_used(
    page: ModelsPage, client: FakeClient, manager: ModelManager, qtbot: QtBot
) -> None:
    _list(client, STARTER_MODEL, DATACOMP)
    card = page.card(DATACOMP.name)

    _press(card, "Download")
    assert "Waiting to start…" in _texts(card)
    assert _buttons(card) == ["Cancel"]
    client.hear(DownloadChanged(DATACOMP.name, 212_000_000, 605_000_000, 3_400_000.0))
    assert "212 of 605 MB · 3.4 MB/s · about 2 min left" in _texts(card)

    client.hear(DownloadChanged(DATACOMP.name, 605_000_000, 605_000_000, is_over=True))
    with qtbot.waitSignal(manager.told):
        client.hear(Done(client.last(DownloadModel).request_id))
    _list(client, STARTER_MODEL, here(DATACOMP))
    assert _buttons(card) == ["Use this model", "Delete…"]


def test_the_keys_stay_with_a_model_whose_button_is_gone(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL, DATACOMP, OPENAI)
    card = page.card(DATACOMP.name)
    _focus(card, "Download")

    _press(card, "Download")
    assert card.has_focus

    # Now the card moves to another part of the page.
    client.hear(Done(client.last(DownloadModel).request_id))
    _list(client, STARTER_MODEL, here(DATACOMP), OPENAI)
    assert card.has_focus


def test_a_model_that_was_opened_is_followed_to_its_new_place(
    page: ModelsPage, client: FakeClient, manager: ModelManager, qtbot: QtBot
) -> None:
    models = [STARTER_MODEL, *(info(offer(f"a/{number}", f"A {number}")) for number in range(12))]
    last = models[-1]
    _list(client, *models)
    card = page.card(last.name)
    card.unfold(on=True)
    qtbot.waitUntil(lambda: _is_in_sight(card))

    manager.refresh()
    _list(client, *models[:-1], here(last))

    neighbour = page.card(STARTER_MODEL.name)
    qtbot.waitUntil(lambda: card.parentWidget() is neighbour.parentWidget() and _is_in_sight(card))


def test_a_change_that_begins_is_brought_into_sight(
    page: ModelsPage, client: FakeClient, qtbot: QtBot
) -> None:
    models = [STARTER_MODEL, *(here(info(offer(f"a/{number}", f"A {number}"))) for number in range(12))]
    _list(client, *models)
    card = page.card(models[-1].name)
    card.unfold(on=True)
    qtbot.waitUntil(lambda: _is_in_sight(card))
    bar = page.findChild(ModelSwitchBar)

    client.hear(_library(ModelChange(models[-1].name, 3, 2000, 0)))

    qtbot.waitUntil(lambda: _is_in_sight(bar))  # type: ignore[arg-type]


def test_after_a_change_the_keys_are_with_the_model_in_use(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL, here(DATACOMP))
    client.hear(_library(ModelChange(DATACOMP.name, 3, 2000, 0)))
    bar = page.findChild(ModelSwitchBar)
    _focus(bar, "Switch now")  # type: ignore[arg-type]

    client.hear(_library())

    assert not bar.isVisible()
    assert page.card(STARTER_MODEL.name).has_focus


def test_a_model_in_use_whose_files_are_gone_is_the_one_that_is_open(
    page: ModelsPage, client: FakeClient
) -> None:
    client.library = LibraryChanged(replace(_library().status, model=OPENAI.name), 0, ("jpg",))
    client.hear(ModelChanged(ModelState.FAILED, "", error="It is not here."))

    _list(client, STARTER_MODEL, DATACOMP, OPENAI)

    assert page.card(OPENAI.name).header.isChecked()
    assert "Download or import it again to search as before." in _texts(page.card(OPENAI.name))
    page.card(STARTER_MODEL.name).unfold(on=True)
    assert "Takes effect right away" in _texts(page.card(STARTER_MODEL.name))


def test_what_came_whole_is_being_checked(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL, DATACOMP)
    card = page.card(DATACOMP.name)
    _press(card, "Download")
    client.hear(DownloadChanged(DATACOMP.name, 605_000_000, 605_000_000, 3_400_000.0))
    assert "Downloaded 605 MB. Verifying…" in _texts(card)


def test_a_page_opens_with_the_model_that_is_on_its_way(make_page: MakePage, client: FakeClient) -> None:
    first = make_page()
    _list(client, STARTER_MODEL, DATACOMP, OPENAI)
    first.card(OPENAI.name).unfold(on=True)
    _press(first.card(OPENAI.name), "Download")
    client.hear(DownloadChanged(OPENAI.name, 1_000_000, 605_000_000))

    second = make_page()

    assert second.card(OPENAI.name).header.isChecked()
    assert not second.card(DATACOMP.name).header.isChecked()


def test_a_download_that_is_cancelled_is_no_mishap_and_can_go_on(
    page: ModelsPage, client: FakeClient
) -> None:
    _list(client, STARTER_MODEL, DATACOMP)
    card = page.card(DATACOMP.name)
    _press(card, "Download")
    client.hear(DownloadChanged(DATACOMP.name, 212_000_000, 605_000_000))

    _press(card, "Cancel")
    assert client.last(CancelDownload).name == DATACOMP.name
    assert _buttons(card) == []
    client.hear(DownloadChanged(DATACOMP.name, 212_000_000, 605_000_000, is_over=True))
    client.hear(Failed(client.last(DownloadModel).request_id, "It was cancelled."))
    _list(client, STARTER_MODEL, replace(DATACOMP, partial_bytes=212_000_000, is_removable=True))

    assert "It was cancelled." not in _texts(card)
    assert "Interrupted: 212 of about 605 MB downloaded." in _texts(card)
    assert "Resume download" in _buttons(card)
    _press(card, "Delete partial download")
    assert client.last(RemoveModel).name == DATACOMP.name


def test_a_download_that_fails_says_why_and_offers_to_go_on(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL, DATACOMP)
    card = page.card(DATACOMP.name)
    _press(card, "Download")

    client.hear(Failed(client.last(DownloadModel).request_id, "The hub does not answer. Set a mirror."))
    _list(client, STARTER_MODEL, replace(DATACOMP, partial_bytes=1_000_000))
    assert "The hub does not answer. Set a mirror." in _texts(card)

    first = client.last(DownloadModel)
    _press(card, "Resume download")
    assert client.last(DownloadModel).request_id != first.request_id
    assert "The hub does not answer" not in _texts(card)


def test_a_licence_that_needs_it_is_agreed_to_before_the_download(
    page: ModelsPage, client: FakeClient
) -> None:
    _list(client, STARTER_MODEL, MOBILE)
    card = page.card(MOBILE.name)
    card.unfold(on=True)
    assert _links(card) == {
        "Apple ML Research Model": "https://example.org/apple",
        f"huggingface.co/{MOBILE.name}": f"https://huggingface.co/{MOBILE.name}",
    }
    assert "Download" not in _buttons(card)

    _tick(card, "I have read and agree")
    _press(card, "Download")

    assert client.last(DownloadModel).accepts_licence


def test_nothing_is_agreed_to_where_nothing_was_asked(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL, DATACOMP)

    _press(page.card(DATACOMP.name), "Download")

    assert not client.last(DownloadModel).accepts_licence


def test_a_page_that_is_opened_again_knows_the_download_and_what_went_wrong(
    make_page: MakePage, client: FakeClient
) -> None:
    first = make_page()
    _list(client, STARTER_MODEL, DATACOMP, OPENAI)
    _press(first.card(DATACOMP.name), "Download")
    first.card(OPENAI.name).unfold(on=True)
    _press(first.card(OPENAI.name), "Download")
    first.close()
    first.deleteLater()
    client.hear(DownloadChanged(DATACOMP.name, 300_000_000, 605_000_000))
    client.hear(Failed(client.last(DownloadModel).request_id, "The disk is full."))

    second = make_page()

    assert "300 of 605 MB" in _texts(second.card(DATACOMP.name))
    assert "The disk is full." in _texts(second.card(OPENAI.name))


def test_the_end_of_a_download_that_another_window_began_is_noticed(
    page: ModelsPage, client: FakeClient
) -> None:
    _list(client, STARTER_MODEL, DATACOMP)
    client.hear(DownloadChanged(DATACOMP.name, 1, 2))
    assert _buttons(page.card(DATACOMP.name)) == ["Cancel"]

    client.hear(DownloadChanged(DATACOMP.name, 2, 2, is_over=True))
    _list(client, STARTER_MODEL, here(DATACOMP))

    assert "Use this model" in _buttons(page.card(DATACOMP.name))


def test_use_says_what_happens_and_that_the_old_index_may_go(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL, here(DATACOMP))
    card = page.card(DATACOMP.name)
    card.unfold(on=True)
    assert "Until that's done, searches use Starter model (built in)" in _texts(card)

    _tick(card, "Delete the current model's index")
    _press(card, "Use this model")

    request = client.last(UseModel)
    assert (request.name, request.drop_old, request.now) == (DATACOMP.name, True, False)
    assert _buttons(card) == []


def test_a_model_that_the_engine_refuses_can_be_tried_again(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL, here(DATACOMP))
    card = page.card(DATACOMP.name)
    card.unfold(on=True)
    _press(card, "Use this model")

    client.hear(Failed(client.last(UseModel).request_id, "Its file is damaged. Download it again."))

    assert "Its file is damaged. Download it again." in _texts(card)
    assert "Use this model" in _buttons(card)


def test_a_change_shows_how_far_it_is_and_what_it_waits_for(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL, here(DATACOMP))
    client.hear(_library(ModelChange(DATACOMP.name, 1200, 2000, unreachable=30)))

    shown = _texts(page)
    assert f"Switching to {DATACOMP.title}" in shown
    assert "1,200 of 2,000 pictures and pages indexed." in shown
    assert "30 of them can't be read now" in shown
    assert "Until then, searches use Starter model (built in)." in shown
    assert _badge(page, DATACOMP) == "Switching"
    assert "Use this model" not in _buttons(page.card(DATACOMP.name))
    client.hear(JobChanged(JobStatus(JobState.PAUSED)))
    assert "Indexing is paused" in _texts(page)

    client.model = ModelChanged(ModelState.READY, DATACOMP.name, "cpu")
    client.hear(client.model)
    client.hear(_library())
    assert "Switching to" not in _texts(page)
    assert _badge(page, DATACOMP) == "In use"


def test_a_change_can_be_made_at_once_or_called_off(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL, here(DATACOMP))
    client.hear(_library(ModelChange(DATACOMP.name, 1200, 2000)))

    _press(page, "Switch now")
    request = client.last(UseModel)
    assert (request.name, request.now, request.drop_old) == (DATACOMP.name, True, False)

    _press(page, "Keep the current model")
    request = client.last(UseModel)
    assert (request.name, request.now) == ("starter", False)


def test_a_model_is_removed_after_a_question_in_the_page(
    page: ModelsPage, client: FakeClient, qtbot: QtBot
) -> None:
    _list(client, STARTER_MODEL, here(DATACOMP))
    card = page.card(DATACOMP.name)
    card.unfold(on=True)
    _press(card, "Delete…")
    assert "This frees about 605 MB." in _texts(card)
    assert "The index is kept" in _texts(card)

    _press(card, "Keep")
    assert not [each for each in client.sent if isinstance(each, RemoveModel)]

    _press(card, "Delete…")
    _tick(card, "Also delete this library's index")
    assert "The index is kept" not in _texts(card)
    assert "must be re-indexed" in _texts(card)
    _press(card, "Delete")
    request = client.last(RemoveModel)
    assert (request.name, request.with_vectors) == (DATACOMP.name, True)
    client.hear(Done(request.request_id))
    _list(client, STARTER_MODEL, DATACOMP)
    assert "Download" in _buttons(card)


def test_models_of_the_program_and_those_at_work_cannot_be_removed(
    page: ModelsPage, client: FakeClient
) -> None:
    client.hear(ModelChanged(ModelState.READY, OWN.name, "cpu"))
    client.hear(_library(ModelChange(DATACOMP.name, 1, 2)))
    _list(client, STARTER_MODEL, OWN, here(DATACOMP), COLOURS_MODEL)

    for model in (STARTER_MODEL, OWN, DATACOMP, COLOURS_MODEL):
        page.card(model.name).unfold(on=True)
        assert "Delete…" not in _buttons(page.card(model.name))


def test_a_file_is_taken_in_and_its_model_appears(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL)

    page.imports.take("/downloads/clip.safetensors")
    request = client.last(ImportModel)
    assert (request.file, request.arch) == (Path("/downloads/clip.safetensors"), "")
    assert "Checking and copying" in _texts(page)
    assert "Choose a file…" not in _buttons(page)
    client.hear(Done(request.request_id, "It is ViT-B-32, and kept as my-clip."))
    _list(client, STARTER_MODEL, OWN)

    assert "It is ViT-B-32, and kept as my-clip." in _texts(page)
    page.card(OWN.name).unfold(on=True)
    assert "Use this model" in _buttons(page.card(OWN.name))


def test_what_could_not_be_recognised_is_tried_again_under_a_name(
    page: ModelsPage, client: FakeClient
) -> None:
    _list(client, STARTER_MODEL)
    page.imports.take("/downloads/clip.pt")
    client.hear(Failed(client.last(ImportModel).request_id, "Several architectures fit: ViT-B-32, RN50."))
    assert "Several architectures fit: ViT-B-32, RN50." in _texts(page)
    assert "Retry with this architecture" not in _buttons(page)

    arch = next(each for each in page.findChildren(QLineEdit) if "Architecture" in each.accessibleName())
    arch.setText(" ViT-B-32 ")
    _press(page, "Retry with this architecture")

    request = client.last(ImportModel)
    assert (request.file, request.arch) == (Path("/downloads/clip.pt"), "ViT-B-32")
    client.hear(Done(request.request_id))
    assert "Several architectures" not in _texts(page)
    assert not arch.isVisible()


def test_a_model_of_the_catalogue_is_taken_from_its_own_file(page: ModelsPage, client: FakeClient) -> None:
    _list(client, STARTER_MODEL, DATACOMP)
    card = page.card(DATACOMP.name)
    assert "Choose weights file…" in _buttons(card)
    assert DATACOMP.page in _links(card).values()

    card.model_actions.take_file("/downloads/weights.safetensors")

    request = client.last(ImportModel)
    assert (request.file, request.arch) == (Path("/downloads/weights.safetensors"), DATACOMP.name)
    client.hear(Failed(request.request_id, "This is a picture."))
    assert "This is a picture." in _texts(card)


def test_a_list_that_does_not_come_is_said_and_asked_for_again(page: ModelsPage, client: FakeClient) -> None:
    client.hear(Failed(client.last(ListModels).request_id, "It stopped before this was done."))
    assert "It stopped before this was done." in _texts(page)
    assert _buttons(page).count("Try again") == 1
    asked = client.last(ListModels)

    client.engine = EngineStatus(EngineState.RUNNING)
    client.engine_changed.emit(client.engine)

    assert client.last(ListModels) is not asked
    _list(client, STARTER_MODEL)
    assert "Try again" not in _buttons(page)


def test_a_model_that_cannot_be_loaded_is_said(page: ModelsPage, client: FakeClient) -> None:
    client.hear(ModelChanged(ModelState.FAILED, "fine", error="The weights are gone."))

    assert "The weights are gone." in _texts(page)


def test_an_empty_library_needs_no_change(page: ModelsPage, client: FakeClient) -> None:
    client.hear(_library(items=0))
    _list(client, STARTER_MODEL, here(DATACOMP))
    card = page.card(DATACOMP.name)
    card.unfold(on=True)

    assert "The library is empty" in _texts(card)
    assert not [each for each in card.findChildren(QCheckBox) if each.isVisible()]


def test_nothing_is_wider_than_the_page(page: ModelsPage, client: FakeClient) -> None:
    halted = replace(SIGLIP, partial_bytes=412_000_000, is_removable=True)
    far = replace(OWN, title="m" * 200, detail="/" + "path_" * 60)
    _list(client, STARTER_MODEL, COLOURS_MODEL, here(DATACOMP), OPENAI, MOBILE, halted, far)
    page.imports.take("/x")
    client.hear(Failed(client.last(ImportModel).request_id, "x" * 300))
    client.hear(_library(ModelChange(DATACOMP.name, 1200, 2000, unreachable=30)))
    for model in (STARTER_MODEL, DATACOMP, MOBILE, halted, far):
        page.card(model.name).unfold(on=True)

        assert page.widget().minimumSizeHint().width() <= page.viewport().width()

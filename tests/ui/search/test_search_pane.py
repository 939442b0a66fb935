"""Tests of a search pane: queries, answers and drops."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from helpers.library_samples import a_source, indexing, tell_job, tell_library
from helpers.pane_parts import PaneParts, answer, searches
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.domain.jobs import JobState, JobStatus
from imagefinder.domain.library import LibraryStatus
from imagefinder.domain.queries import Sort
from imagefinder.ipc.messages import (
    ClosePane,
    Failed,
    Hits,
    JobChanged,
    LibraryChanged,
    ModelChanged,
    ModelState,
    MoreHits,
    SetHidden,
)
from imagefinder.ui.query.search_state import PaneState, PictureTerm
from imagefinder.ui.results.results_delegate import ResultsDelegate
from imagefinder.ui.search.search_pane import SearchPane
from imagefinder.ui.services.engine_client import EngineState, EngineStatus
from imagefinder.ui.widgets.labels import ElidedLabel


@pytest.fixture
def pane(qtbot: QtBot, client: FakeClient, tmp_path: Path) -> Iterator[SearchPane]:
    parts = PaneParts(client, tmp_path)
    made = parts.make(1)
    qtbot.addWidget(made)
    made.resize(700, 600)
    made.show()
    yield made
    made.close_pane()
    parts.close()


def library(items: int) -> LibraryChanged:
    return LibraryChanged(LibraryStatus(Path("/library"), "m", (), items, {}, ()), items, ("jpg", "pdf"))


def names(pane: SearchPane) -> list[str]:
    return [pane.model.hit(row).path.name for row in range(pane.model.rowCount())]


def drop(pane: SearchPane, mime: QMimeData, at: QPoint) -> QDropEvent:
    actions, button, key = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, actions, mime, button, key)
    pane.dragEnterEvent(enter)
    event = QDropEvent(QPointF(at), actions, mime, button, key)
    event.ignore()
    if enter.isAccepted():
        pane.dropEvent(event)
    return event


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def test_a_late_answer_to_an_old_query_never_shows(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat"))
    pane.restore(PaneState(text="dog"))
    old, new = searches(client, pane)
    answer(client, old, hits(5))
    assert pane.model.rowCount() == 0
    answer(client, new, hits(2))
    answer(client, old, hits(5))
    assert pane.model.rowCount() == 2


def test_an_answer_to_another_pane_never_shows(pane: SearchPane, client: FakeClient, hits: MakeHits) -> None:
    pane.restore(PaneState(text="cat"))
    answer(client, replace(searches(client, pane)[0], pane=2), hits(5))
    assert pane.model.rowCount() == 0


def test_a_query_that_was_cleared_stays_cleared(pane: SearchPane, client: FakeClient, hits: MakeHits) -> None:
    pane.restore(PaneState(text="cat"))
    pane.bar.clear()
    answer(client, searches(client, pane)[0], hits(5))
    assert pane.model.rowCount() == 0
    assert client.sent[-1] == ClosePane(1)


def test_results_say_how_many_and_by_which_model(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat", sort=Sort.DATE))
    answer(client, searches(client, pane)[0], hits(3), note="A note.")
    assert pane.tools.count_text == "3 results, newest first · ViT-B-32"
    assert pane.status_text == "A note."


def test_the_count_promises_no_more_order_than_there_is(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat", sort=Sort.SIZE))
    answer(client, searches(client, pane)[0], hits(500), has_more=True)
    assert pane.tools.count_text == "Largest first, more below · ViT-B-32"
    answer(client, searches(client, pane)[0], hits(700, start=500), offset=500)
    assert pane.tools.count_text == "1,200 results, largest first (in groups of 500) · ViT-B-32"


def test_in_a_narrow_pane_the_count_can_still_be_read(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat", sort=Sort.DATE))
    answer(client, searches(client, pane)[0], hits(92))
    for width in (700, 340):
        pane.resize(width, 600)
        count = pane.tools.findChild(ElidedLabel)
        assert count is not None
        needed = count.fontMetrics().horizontalAdvance("92 results, ")
        qtbot.waitUntil(lambda count=count, needed=needed: count.width() >= needed)  # type: ignore[misc]


def test_a_card_says_what_the_results_are_sorted_by(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    cards = pane.view.itemDelegate()
    assert isinstance(cards, ResultsDelegate)
    pane.restore(PaneState(text="cat", sort=Sort.DATE))
    assert cards.sort is Sort.RELEVANCE, "what is shown is not sorted yet"
    answer(client, searches(client, pane)[0], hits(3))
    assert cards.sort is Sort.DATE


def test_more_hits_are_asked_for_and_appended(pane: SearchPane, client: FakeClient, hits: MakeHits) -> None:
    pane.restore(PaneState(text="cat"))
    search = searches(client, pane)[0]
    answer(client, search, hits(200), has_more=True)
    pane.model.fetchMore(pane.view.rootIndex())
    more = client.last(MoreHits)
    assert (more.request_id, more.offset) == (search.request_id, 200)
    answer(client, search, hits(100, start=200), offset=200)
    assert pane.model.rowCount() == 300


def test_a_partial_answer_is_asked_again_once_the_model_is_ready(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat"))
    answer(client, searches(client, pane)[0], hits(1), is_partial=True, model="")
    assert "still loading" in pane.status_text
    client.model_changed.emit(ModelChanged(ModelState.READY, "ViT-B-32", "cpu"))
    assert len(searches(client, pane)) == 2
    answer(client, searches(client, pane)[1], hits(4))
    assert pane.model.rowCount() == 4
    assert pane.status_text == ""


def test_an_update_keeps_the_selection_and_the_place(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    found = hits(150)
    pane.restore(PaneState(text="cat"))
    answer(client, searches(client, pane)[0], found)
    qtbot.waitUntil(lambda: pane.view.verticalScrollBar().maximum() > 500)
    pane.view.setCurrentIndex(pane.model.index(40, 0))
    pane.view.verticalScrollBar().setValue(400)
    pane.search.ask_again()
    answer(client, searches(client, pane)[-1], found[1:])
    assert names(pane)[0] == found[1].path.name
    assert [pane.model.hit(index.row()) for index in pane.view.selectedIndexes()] == [found[40]]
    assert pane.view.verticalScrollBar().value() == 400


def test_an_update_that_changes_nothing_touches_nothing(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat"))
    answer(client, searches(client, pane)[0], hits(3))
    pane.search.ask_again()
    with qtbot.assertNotEmitted(pane.model.modelReset):
        answer(client, searches(client, pane)[1], hits(3))


def test_a_library_that_grows_is_asked_again_after_a_while_and_not_at_once(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.search._refresh_timer.setInterval(10)
    pane.restore(PaneState(text="cat"))
    answer(client, searches(client, pane)[0], hits(3))
    for items in range(5):
        client.library_changed.emit(library(items))
    assert len(searches(client, pane)) == 1
    qtbot.waitUntil(lambda: len(searches(client, pane)) == 2)


def test_who_has_scrolled_far_is_left_to_read(pane: SearchPane, client: FakeClient, hits: MakeHits) -> None:
    pane.restore(PaneState(text="cat"))
    question = searches(client, pane)[0]
    answer(client, question, hits(200), has_more=True)
    for offset in range(200, 1400, 200):
        pane.model.fetchMore(pane.view.rootIndex())
        answer(client, question, hits(200, start=offset), has_more=True, offset=offset)
    client.library_changed.emit(library(5000))
    pane.search._refresh_timer.timeout.emit()
    assert len(searches(client, pane)) == 1


def test_an_update_waits_for_the_answer_that_is_on_its_way(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat"))
    answer(client, searches(client, pane)[0], hits(200), has_more=True)
    pane.model.fetchMore(pane.view.rootIndex())
    client.library_changed.emit(library(5000))
    pane.search._refresh_timer.timeout.emit()
    assert len(searches(client, pane)) == 1
    answer(client, searches(client, pane)[0], hits(10, start=200), offset=200)
    pane.search._refresh_timer.timeout.emit()
    assert len(searches(client, pane)) == 2


def test_a_page_wanted_during_an_update_is_asked_of_the_new_list(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat"))
    answer(client, searches(client, pane)[0], hits(200), has_more=True)
    pane.search.ask_again()
    pane.model.fetchMore(pane.view.rootIndex())
    assert not [each for each in client.sent if isinstance(each, MoreHits)]
    answer(client, searches(client, pane)[1], hits(200), has_more=True)
    assert client.last(MoreHits).request_id == searches(client, pane)[1].request_id


def test_a_new_engine_is_asked_again(pane: SearchPane, client: FakeClient, hits: MakeHits) -> None:
    pane.restore(PaneState(text="cat"))
    answer(client, searches(client, pane)[0], hits(3))
    client.engine_changed.emit(EngineStatus(EngineState.RESTARTING))
    client.engine_changed.emit(EngineStatus(EngineState.RUNNING))
    assert len(searches(client, pane)) == 2
    answer(client, searches(client, pane)[1], hits(3))
    client.engine_changed.emit(EngineStatus(EngineState.RUNNING))
    assert len(searches(client, pane)) == 2, "it is the same engine"


def test_a_failed_search_says_why(pane: SearchPane, client: FakeClient) -> None:
    pane.restore(PaneState(text="cat"))
    client.hear(Failed(searches(client, pane)[0].request_id, "The drive is away."))
    assert pane.message.text == "The drive is away."
    assert pane.message.isVisible()


def test_nothing_found_says_what_to_try(pane: SearchPane, client: FakeClient) -> None:
    pane.restore(PaneState(text="zzz"))
    answer(client, searches(client, pane)[0], ())
    assert pane.message.heading == "No results"


def test_an_empty_library_says_so_and_a_full_one_invites(pane: SearchPane, client: FakeClient) -> None:
    client.library = library(0)
    client.library_changed.emit(client.library)
    assert pane.message.heading == "Your library is empty"
    client.library = library(7)
    client.library_changed.emit(client.library)
    assert "7" in pane.message.heading
    pane.message.example_chosen.emit("birthday cake")
    assert searches(client, pane)[-1].query.text == "birthday cake"


def test_a_model_is_offered_what_it_knows(qtbot: QtBot, pane: SearchPane, client: FakeClient) -> None:
    client.library = library(7)
    client.library_changed.emit(client.library)
    assert pane.message.advice == ""

    client.model = ModelChanged(ModelState.READY, "builtin", "cpu")
    client.model_changed.emit(client.model)

    assert next(button.text() for button in pane.message.examples()) == "red"
    assert "Download a trained model" in pane.message.advice
    with qtbot.waitSignal(pane.models_wanted):
        pane.message.action_wanted.emit()


def test_only_a_slow_search_says_that_it_searches(qtbot: QtBot, pane: SearchPane) -> None:
    pane.restore(PaneState(text="cat"))
    assert pane.status_text == ""
    qtbot.waitUntil(lambda: pane.status_text == "Searching…")


def test_what_is_like_a_result_is_looked_for_alone(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat"))
    pane.view.similar_requested.emit(hits(3)[2])
    query = searches(client, pane)[-1].query
    assert (query.text, query.items) == ("", (3,))


def test_hidden_results_go_at_once(pane: SearchPane, client: FakeClient, hits: MakeHits) -> None:
    pane.restore(PaneState(text="cat"))
    answer(client, searches(client, pane)[0], hits(3))
    pane.view.hide_requested.emit([hits(1)[0]], True)
    assert (client.last(SetHidden).item_ids, client.last(SetHidden).hidden) == ((1,), True)
    assert pane.model.rowCount() == 2


def test_what_could_not_be_hidden_is_said_and_found_again(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat"))
    answer(client, searches(client, pane)[0], hits(3))
    pane.view.hide_requested.emit([hits(1)[0]], True)
    answer(client, searches(client, pane)[-1], hits(3)[1:])
    request = client.last(SetHidden).request_id
    asked = len(searches(client, pane))
    with qtbot.waitSignal(pane.problem) as caught:
        client.hear(Failed(request, "The disk is full."))
    assert caught.args == ["The disk is full."]
    assert len(searches(client, pane)) == asked + 1
    client.hear(Failed(request, "once only"))
    assert len(searches(client, pane)) == asked + 1


def test_a_page_that_could_not_be_had_is_asked_for_once_more(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text="cat"))
    question = searches(client, pane)[0]
    answer(client, question, hits(200), has_more=True)
    pane.model.fetchMore(QModelIndex())
    with qtbot.waitSignal(pane.problem):
        client.hear(Failed(question.request_id, "It stopped."))
    before = sum(isinstance(each, MoreHits) for each in client.sent)
    assert pane.model.canFetchMore(QModelIndex())
    pane.model.fetchMore(QModelIndex())
    assert sum(isinstance(each, MoreHits) for each in client.sent) == before + 1


def test_the_state_of_a_pane_can_be_had_and_given_back(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    state = PaneState((PictureTerm.of_hit(hits(1)[0]),), "sea", Sort.SIZE, 240, include_hidden=True)
    pane.restore(state)
    assert pane.state() == state
    assert (searches(client, pane)[-1].sort, searches(client, pane)[-1].query) == (Sort.SIZE, state.query())


def test_pictures_dropped_over_the_results_replace_those_searched_by(
    pane: SearchPane, client: FakeClient, pictures: Path
) -> None:
    pane.restore(PaneState((PictureTerm.of_file(pictures / "red.png"),), "sea"))
    event = drop(pane, files(pictures / "blue.png", pictures / "green.png"), QPoint(300, 400))
    assert event.isAccepted()
    query = searches(client, pane)[-1].query
    assert query.images == (pictures / "blue.png", pictures / "green.png")
    assert query.text == "sea"


def test_a_picture_dropped_on_the_bar_is_added(pane: SearchPane, client: FakeClient, pictures: Path) -> None:
    pane.restore(PaneState((PictureTerm.of_file(pictures / "red.png"),)))
    drop(pane, files(pictures / "blue.png"), pane.bar.geometry().center())
    assert searches(client, pane)[-1].query.images == (pictures / "red.png", pictures / "blue.png")


def test_a_folder_dropped_is_offered_and_leaves_the_search_alone(
    qtbot: QtBot, pane: SearchPane, pictures: Path
) -> None:
    pane.restore(PaneState((PictureTerm.of_file(pictures / "red.png"),)))
    with qtbot.waitSignal(pane.folders_dropped) as caught:
        drop(pane, files(pictures), QPoint(300, 400))
    assert caught.args == [[pictures]]
    assert len(pane.state().terms) == 1


def hover(pane: SearchPane, mime: QMimeData) -> str:
    """Drag data over the results, and return the text of the overlay; empty if it is hidden."""
    actions, button, key = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    pane.dragEnterEvent(QDragEnterEvent(QPoint(300, 400), actions, mime, button, key))
    return pane._overlay.text if pane._overlay.isVisible() else ""


@pytest.mark.parametrize(
    ("names", "promise"),
    [
        (["red.png"], "Search by this picture"),
        (["red.png", "B.MPO", "c.heic"], "Search by these 3 pictures"),
        (["scan.pdf"], "Search by this file"),
        (["red.png", "scan.pdf"], "Search by these 2 files"),
        (["Holiday"], "Add to library"),
        (["Holiday", "Scans"], "Add to library"),
        (["Holiday", "red.png"], "Search by the pictures, and add the folders to the library"),
    ],
)
def test_what_a_drop_would_do_is_said_of_all_that_hovers(
    pane: SearchPane, names: list[str], promise: str
) -> None:
    assert hover(pane, files(*(Path("/p") / name for name in names))) == promise


def test_a_picture_without_a_file_is_one_picture(pane: SearchPane) -> None:
    mime = QMimeData()
    mime.setImageData(QImage(8, 8, QImage.Format.Format_RGB32))
    assert hover(pane, mime) == "Search by this picture"


def test_of_dropped_files_those_that_are_not_there_are_named(
    qtbot: QtBot, pane: SearchPane, pictures: Path
) -> None:
    with qtbot.waitSignal(pane.problem) as told:
        drop(pane, files(pictures / "red.png", Path("/p/gone.png")), QPoint(300, 400))
    assert told.args == ["gone.png couldn't be found and was left out."]
    assert [term.path for term in pane.state().terms] == [pictures / "red.png"]
    with qtbot.waitSignal(pane.problem) as told:
        drop(pane, files(pictures / "red.png", *(Path(f"/p/{n}.png") for n in range(3))), QPoint(300, 400))
    assert told.args == ["0.png and 2 more files couldn't be found and were left out."]


def say_nothing(pane: SearchPane, client: FakeClient, text: str, **answered: object) -> None:
    """Search for words, and answer without hits."""
    pane.restore(PaneState(text=text))
    answer(client, searches(client, pane)[-1], [], **answered)


def test_a_search_of_an_empty_library_offers_to_add_a_folder(
    qtbot: QtBot, pane: SearchPane, client: FakeClient
) -> None:
    client.model = ModelChanged(ModelState.READY, "starter", "cpu")
    tell_library(client)
    say_nothing(pane, client, "a dog")
    assert pane.message.heading == "Your library is empty"
    assert "model" not in pane.message.text + pane.message.advice
    with qtbot.waitSignal(pane.folder_wanted):
        qtbot.mouseClick(pane.message._action, Qt.MouseButton.LeftButton)


READY = ModelChanged(ModelState.READY, "starter", "cpu", is_english=True)
FAILED = ModelChanged(ModelState.FAILED, "starter", error="The weights are gone.")
IDLE = JobStatus()


@pytest.mark.parametrize(
    ("source", "job", "model", "said"),
    [
        ({}, indexing(Path("/p")), READY, "as soon as the first pictures are indexed"),
        ({}, JobStatus(waiting=(Path("/p"),)), READY, "as soon as the first pictures are indexed"),
        ({}, replace(indexing(Path("/p")), state=JobState.PAUSED), READY, "Indexing is paused"),
        ({}, IDLE, FAILED, "the model isn't available"),
        ({"minutes_ago": None}, IDLE, READY, "has not been read yet"),
        ({"pending": 3}, IDLE, READY, "has not been read yet"),
        ({"scan_complete": False}, IDLE, READY, "has not been read yet"),
        ({"offline": True}, IDLE, READY, "cannot be reached now. Is its drive connected?"),
        ({"gone": True}, IDLE, READY, "was moved, renamed or deleted"),
        ({"unreadable": 1}, IDLE, READY, "1 file was found, and it cannot be read."),
        ({"unreadable": 4}, IDLE, READY, "4 files were found, and none can be read."),
        ({}, IDLE, READY, "No picture or PDF was found in what was added."),
    ],
)
@pytest.mark.parametrize("is_asked", [True, False])
def test_a_library_without_pictures_says_why_it_has_none(
    pane: SearchPane,
    client: FakeClient,
    source: dict[str, object],
    job: JobStatus,
    model: ModelChanged,
    said: str,
    is_asked: bool,
) -> None:
    client.model = model
    client.job = JobChanged(job)
    tell_library(client, a_source(Path("/p"), items=0, **source))  # type: ignore[arg-type]
    if is_asked:
        say_nothing(pane, client, "a dog")
    assert said in pane.message.text
    assert pane.message.heading in ("Nothing to search", "Nothing to search yet")
    assert pane.message.advice == ""


def test_what_it_says_of_an_empty_library_follows_the_work(pane: SearchPane, client: FakeClient) -> None:
    tell_library(client, a_source(Path("/p"), items=0))
    tell_job(client, indexing(Path("/p")))
    say_nothing(pane, client, "a dog")
    assert "as soon as" in pane.message.text
    tell_job(client, replace(indexing(Path("/p")), state=JobState.PAUSED))
    assert "paused" in pane.message.text
    tell_job(client, IDLE)
    assert "No picture or PDF was found" in pane.message.text


def test_words_that_an_english_model_cannot_understand_are_said_to_be_such(
    qtbot: QtBot, pane: SearchPane, client: FakeClient
) -> None:
    client.model = READY
    tell_library(client, a_source(Path("/p")))
    say_nothing(pane, client, "咖啡", model="starter", note="The model understands English only.")
    assert pane.message.text.startswith("The model understands English only.")
    assert "fewer or different words" not in pane.message.text
    assert "multilingual model" in pane.message.advice
    assert pane.status_text == ""
    with qtbot.waitSignal(pane.models_wanted):
        qtbot.mouseClick(pane.message._action, Qt.MouseButton.LeftButton)
    say_nothing(pane, client, "zebra")
    assert "fewer or different words" in pane.message.text
    assert "multilingual model" not in pane.message.advice


def test_a_search_by_pictures_alone_is_not_told_of_words(
    pane: SearchPane, client: FakeClient, pictures: Path
) -> None:
    tell_library(client, a_source(Path("/p")))
    pane.restore(PaneState((PictureTerm.of_file(pictures / "red.png"),)))
    answer(client, searches(client, pane)[-1], [], is_partial=True)
    assert "search in this language" not in pane.message.text
    assert "file names" not in pane.status_text
    answer(client, searches(client, pane)[-1], [])
    assert "different words" not in pane.message.text


def test_while_the_engine_is_down_no_search_is_said_to_be_under_way(
    qtbot: QtBot, pane: SearchPane, client: FakeClient
) -> None:
    client.engine = EngineStatus(EngineState.BROKEN, "It stopped several times in a row.")
    pane.restore(PaneState(text="cat"))
    qtbot.waitUntil(lambda: pane.message.heading == "Searching is unavailable")
    assert pane.message.text == "It stopped several times in a row."
    assert pane.status_text == ""


def test_a_link_that_cannot_be_fetched_leaves_the_search_as_it_was(
    qtbot: QtBot, pane: SearchPane, pictures: Path
) -> None:
    state = PaneState((PictureTerm.of_file(pictures / "red.png"),))
    pane.restore(state)
    mime = QMimeData()
    mime.setUrls([QUrl("http://127.0.0.1:9/cat.jpg")])
    with qtbot.waitSignal(pane.problem):
        drop(pane, mime, QPoint(300, 400))
    assert pane.state() == state


def test_data_dropped_over_the_results_replaces_what_is_searched_by(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, pictures: Path
) -> None:
    pane.restore(PaneState((PictureTerm.of_file(pictures / "red.png"),)))
    mime = QMimeData()
    mime.setImageData(QImage(str(pictures / "blue.png")))
    with qtbot.waitSignal(pane.bar.changed):
        drop(pane, mime, QPoint(300, 400))
    (image,) = searches(client, pane)[-1].query.images
    assert image != pictures / "red.png"


def test_the_keys_go_where_something_was_dropped(pane: SearchPane, pictures: Path) -> None:
    pane.view.setFocus()
    drop(pane, files(pictures / "red.png"), QPoint(300, 400))
    assert pane.bar.focusProxy() is pane.focusWidget()


def test_words_dropped_are_searched_for(pane: SearchPane, client: FakeClient) -> None:
    mime = QMimeData()
    mime.setText("red car")
    drop(pane, mime, pane.bar.geometry().center())
    assert searches(client, pane)[-1].query.text == "red car"


def test_a_closed_pane_is_forgotten_by_the_engine(pane: SearchPane, client: FakeClient) -> None:
    pane.restore(PaneState(text="cat"))
    pane.close_pane()
    assert client.sent[-1] == ClosePane(1)


def test_the_preview_is_asked_for_with_the_words(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    pane.restore(PaneState(text=" cat "))
    answer(client, searches(client, pane)[0], hits(3))
    with qtbot.waitSignal(pane.preview_requested) as caught:
        pane.view.preview_requested.emit(2)
    assert caught.args == [pane.model, 2, "cat"]


def test_an_unknown_answer_before_any_question_is_ignored(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    client.hits_received.emit(Hits(0, 1, 0, hits(2), False))
    assert pane.model.rowCount() == 0

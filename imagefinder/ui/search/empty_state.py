"""Messages shown in place of results: a hint, or why there are no results and what to do."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from imagefinder.domain.jobs import JobState
from imagefinder.domain.library import why_empty
from imagefinder.domain.model_names import BUILTIN, STARTER
from imagefinder.domain.scripts import is_english_script
from imagefinder.ipc.messages import ModelState
from imagefinder.translation import tr, tr_later, translated
from imagefinder.ui.formatting import grouped
from imagefinder.ui.results.low_relevance_bar import show_rest_label
from imagefinder.ui.services.engine_client import EngineClient, EngineState
from imagefinder.ui.widgets.flow_box import FlowBox
from imagefinder.ui.widgets.labels import IconLabel, demi_bold

_WIDTH = 460
"""Maximum width of the text, in points: longer lines are hard to read."""
_EXAMPLES = (
    tr_later("a dog on the beach", "an example"),
    tr_later("sunset over water", "an example"),
    tr_later("birthday cake", "an example"),
    tr_later("snow in the mountains", "an example"),
)
"""Queries that find something in many people's pictures."""


class PaneMessage(QScrollArea):
    """Message with an icon, a heading, text, example queries and buttons; scrolls in a low window."""

    example_chosen = Signal(str)
    action_wanted = Signal()
    folder_wanted = Signal()
    """The user wants to add a folder to the library."""
    rest_wanted = Signal()
    """The user wants to see the possible matches."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget(self)
        # Show the window's background, not that of an input field.
        self.viewport().setAutoFillBackground(False)
        page.setAutoFillBackground(False)
        self._icon = IconLabel("search", 48, self, opacity=0.4)
        self._heading = _line(self)
        self._heading.setFont(demi_bold(self._heading.font(), 1.35))
        self._text = _line(self)
        self._text.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.rest_button = QPushButton(show_rest_label(), self)
        self.rest_button.clicked.connect(self.rest_wanted)
        self._examples = FlowBox(8, is_centred=True, parent=self)
        self._advice = _line(self)
        self._advice.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._action = QPushButton(self)
        self._action.clicked.connect(self._act)
        self._adds_folder = False
        column = QWidget(page)
        column.setMaximumWidth(_WIDTH)
        inside = QVBoxLayout(column)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(12)
        inside.addStretch(2)
        inside.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        for widget in (self._heading, self._text, self._examples):
            inside.addWidget(widget)
        inside.addWidget(self.rest_button, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addSpacing(20)
        inside.addWidget(self._advice)
        inside.addWidget(self._action, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addStretch(3)
        row = QHBoxLayout(page)
        row.setContentsMargins(16, 16, 16, 32)
        row.addStretch(1)
        row.addWidget(column, 100)
        row.addStretch(1)
        self.setWidget(page)

    @property
    def has_focus(self) -> bool:
        """Whether one of the buttons has the keyboard focus."""
        focused = self.window().focusWidget()
        return focused is not None and self.isAncestorOf(focused)

    @property
    def heading(self) -> str:
        """The heading."""
        return self._heading.text()

    @property
    def text(self) -> str:
        """The text below the heading."""
        return self._text.text()

    def show_message(self, sign: str, heading: str, text: str = "", examples: Sequence[str] = ()) -> None:
        """Replace the message, and hide the buttons of the previous one.

        Args:
            sign: Name of the icon.
            heading: The heading.
            text: The text below the heading.
            examples: Example queries, shown as buttons.
        """
        self._icon.show_icon(sign)
        self._heading.setText(heading)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._set_examples(examples)
        self.rest_button.hide()
        self.advise("")

    def offer_rest(self) -> None:
        """Show the button that shows the possible matches."""
        self.rest_button.show()

    def advise(self, text: str, action: str = "", *, adds_folder: bool = False) -> None:
        """Set the text and the button at the end of the message.

        Args:
            text: The text; empty for none.
            action: Label of the button; empty for none.
            adds_folder: Whether the button emits ``folder_wanted`` instead of ``action_wanted``.
        """
        self._adds_folder = adds_folder
        self._advice.setText(text)
        self._action.setText(action)
        self._advice.setVisible(bool(text))
        self._action.setVisible(bool(action))

    def _act(self) -> None:
        (self.folder_wanted if self._adds_folder else self.action_wanted).emit()

    def examples(self) -> list[QPushButton]:
        """Return the buttons of the example queries."""
        return [each for each in self._examples.widgets() if isinstance(each, QPushButton)]

    @property
    def advice(self) -> str:
        """The text at the end of the message."""
        return self._advice.text()

    def _set_examples(self, examples: Sequence[str]) -> None:
        for old in self._examples.widgets():
            self._examples.remove(old)
        for words in examples:
            button = QPushButton(words, self._examples)
            button.setAccessibleName(tr("Search for {words}", words=words))
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _=False, words=words: self.example_chosen.emit(words))
            self._examples.insert(len(self._examples.widgets()), button)
        self._examples.setVisible(bool(examples))


class EmptyState:
    """Chooses a pane's message according to the state of the engine, the library and the model."""

    def __init__(self, client: EngineClient, message: PaneMessage) -> None:
        self._client = client
        self._message = message

    def invite(self) -> None:
        """Show what can be searched for; for a pane without a query."""
        if self.is_library_empty:
            self._say_library_is_empty()
            return
        library = self._client.library
        count = library.status.items if library is not None else 0
        heading = (
            tr("Search {count} picture(s) and page(s)", "", count, count=grouped(count))
            if count
            else tr("Search your pictures")
        )
        if self._knows_colours_only:
            text = tr("Enter a colour or words from a page, or drop a picture to find similar ones.")
            self._message.show_message("search", heading, text, _colour_examples())
            self._advise_on_model()
        elif self._model == STARTER:
            text = tr(
                "Describe what's in the picture, or drop a picture to find similar ones.",
                "the model knows English only",
            )
            self._message.show_message("search", heading, text, _EXAMPLES)
        else:
            text = tr("Describe what's in the picture, or drop a picture to find similar ones.")
            examples = [translated(example, "an example") for example in _EXAMPLES]
            self._message.show_message("search", heading, text, examples)

    def say_searching(self) -> None:
        """Show that a search is running, or that the engine is unavailable."""
        if self._client.engine.state is EngineState.BROKEN:
            heading = tr("Searching is unavailable")
            self._message.show_message("circle-alert", heading, self._client.engine.message)
        else:
            self._message.show_message("search", tr("Searching…"))

    @property
    def is_library_empty(self) -> bool:
        """Whether the library is known to have no items."""
        return self._client.library is not None and not self._client.library.status.items

    def _say_library_is_empty(self) -> None:
        library, job, model = self._client.library, self._client.job, self._client.model
        sources = library.status.sources if library is not None else ()
        if not sources:
            text = tr("Add a folder of pictures to search them here.")
            self._message.show_message("images", tr("Your library is empty"), text)
            self._message.advise("", tr("Add folder…"), adds_folder=True)
            return
        is_at_work = job is not None and bool(job.status.sources or job.status.waiting)
        if model is not None and model.state is ModelState.FAILED:
            text = tr("Pictures can't be indexed because the model isn't available.")
        elif job is not None and job.status.state is JobState.PAUSED:
            text = tr("Indexing is paused. Resume it to search your pictures.")
        elif is_at_work or job is None:
            text = tr("You can search as soon as the first pictures are indexed.")
        else:
            self._message.show_message("images", tr("Nothing to search"), why_empty(sources))
            return
        self._message.show_message("images", tr("Nothing to search yet"), text)

    def say_nothing_found(
        self, *, is_partial: bool, are_hidden_shown: bool, has_rest: bool = False, words: str, note: str = ""
    ) -> None:
        """Show that a search has no results, and why.

        Args:
            is_partial: Whether the model took no part in the search, because it is still being loaded.
            are_hidden_shown: Whether hidden items were included.
            has_rest: Whether there are possible matches, which were left out.
            words: The words of the query; empty if it has only pictures.
            note: The engine's note on the answer; empty if there is none.
        """
        if self.is_library_empty:
            self._say_library_is_empty()
            return
        if is_partial:
            heading = tr("The model is still loading")
            text = (
                tr("No file name or page contains these words. Pictures will be searched in a moment.")
                if words
                else tr("Pictures will be searched in a moment.")
            )
            self._message.show_message("clock", heading, text)
            return
        if has_rest:
            heading = (
                tr("No good matches")
                if words
                else tr("No similar pictures", "the picture that is searched by")
            )
            self._message.show_message("frown", heading, tr("You can still see the closest results."))
            self._message.offer_rest()
            self._advise_on_model()
            return
        model = self._client.model
        is_foreign = model is not None and model.is_english and not is_english_script(words)
        advice = [note] if note else []
        if not words:
            advice.append(tr("Try another picture, or describe it in words."))
        elif not is_foreign:
            advice.append(tr("Try fewer or different words, or drop a similar picture."))
        if not are_hidden_shown:
            advice.append(tr("Hidden pictures aren't shown. You can show them from the menu above."))
        if self._client.library is not None and (pending := self._client.library.status.pending):
            advice.append(tr("{count} file(s) haven't been read yet.", "", pending, count=grouped(pending)))
        self._message.show_message("frown", tr("No results"), "\n".join(advice))
        if is_foreign and not self._is_changing:
            text = tr("To search in this language, download a multilingual model.")
            self._message.advise(text, tr("Choose a model…"))
        else:
            self._advise_on_model()

    def say_failed(self, problem: str) -> None:
        """Show that a search failed."""
        self._message.show_message("circle-alert", tr("Search failed"), problem)

    @property
    def _model(self) -> str:
        return self._client.model.name if self._client.model is not None else ""

    @property
    def _knows_colours_only(self) -> bool:
        return self._model == BUILTIN

    @property
    def _is_changing(self) -> bool:
        return self._client.library is not None and self._client.library.status.change is not None

    def _advise_on_model(self) -> None:
        """Suggest another model, if the one in use is too simple to find much."""
        if self._client.model is not None and self._client.model.state is ModelState.FAILED:
            return
        if self._knows_colours_only:
            advice = tr(
                "The current model only knows colours and shapes.\nDownload a trained model to search by "
                "content."
            )
            self._message.advise(advice, tr("Choose a model…"))
        elif self._model == STARTER and not self._is_changing:
            advice = tr("The starter model is small.\nDownload a larger one to find more.")
            self._message.advise(advice, tr("Choose a model…"))


def _colour_examples() -> Sequence[str]:
    """Return example queries for the built-in embedder, which knows only colours and shapes."""
    return [tr("red"), tr("blue and white"), tr("green"), tr("orange", "the colour")]


def _line(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label

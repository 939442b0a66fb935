"""What a search pane says in the place where its results will be."""

from collections.abc import Sequence

from imagefinder.model.model_names import BUILTIN, STARTER
from imagefinder.translation import tr, tr_later, translated
from imagefinder.ui.engine_client import EngineClient
from imagefinder.ui.pane_message import PaneMessage
from imagefinder.ui.words import grouped

_EXAMPLES = (
    tr_later("a dog on the beach", "an example"),
    tr_later("sunset over water", "an example"),
    tr_later("birthday cake", "an example"),
    tr_later("snow in the mountains", "an example"),
)
"""Things that are in many people's pictures."""


class InsteadOfResults:
    """Chooses the words for a pane's message, by what the engine has said so far."""

    def __init__(self, client: EngineClient, message: PaneMessage) -> None:
        self._client = client
        self._message = message

    def invite(self) -> None:
        """Nothing is looked for yet: say what can be."""
        library = self._client.library
        count = library.status.items if library is not None else 0
        if library is not None and not count:
            heading = tr("Nothing to search yet")
            text = tr("Pictures can be found here as soon as the first of them have been read.")
            self._message.show_message("images", heading, text)
            return
        heading = (
            tr("Search {count} picture(s) and page(s)", "", count, count=grouped(count))
            if count
            else tr("Search your pictures")
        )
        if self._knows_colours_only:
            text = tr("Name a colour or words of a page, or drop a picture to find those like it.")
            self._message.show_message("search", heading, text, _colour_examples())
            self._advise_on_model()
        elif self._model == STARTER:
            text = tr(
                "Describe what is in it, or drop a picture to find those like it.",
                "the model knows English only",
            )
            self._message.show_message("search", heading, text, _EXAMPLES)
        else:
            text = tr("Describe what is in it, or drop a picture to find those like it.")
            examples = [translated(example, "an example") for example in _EXAMPLES]
            self._message.show_message("search", heading, text, examples)

    def say_searching(self) -> None:
        """It takes a while."""
        self._message.show_message("search", tr("Searching…"))

    def say_nothing_found(
        self, *, is_partial: bool, are_hidden_shown: bool, has_rest: bool = False, has_words: bool = True
    ) -> None:
        """There are no hits.

        ``is_partial`` where the model has not been asked yet, ``has_rest`` where all there is was left out as
        irrelevant, ``has_words`` where words were looked for, not pictures alone.
        """
        if is_partial:
            heading = tr("The model is still being loaded")
            text = tr("No name or page has these words. Pictures are searched in a moment.")
            self._message.show_message("clock", heading, text)
            return
        if has_rest:
            heading = (
                tr("Nothing here seems to show that.")
                if has_words
                else tr("Nothing here seems to be like that.", "the picture that is searched by")
            )
            self._message.show_message("frown", heading, tr("What comes nearest can be shown all the same."))
            self._message.offer_rest()
            self._advise_on_model()
            return
        advice = [tr("Try fewer or other words, or drop a picture that looks like it.")]
        if not are_hidden_shown:
            advice.append(tr("Pictures that you hid are left out; the menu above shows them."))
        if self._client.library is not None and (pending := self._client.library.status.pending):
            advice.append(tr("{count} file(s) are not yet read.", "", pending, count=grouped(pending)))
        self._message.show_message("frown", tr("Nothing found"), "\n".join(advice))
        self._advise_on_model()

    def say_failed(self, problem: str) -> None:
        """The search could not be carried out."""
        self._message.show_message("circle-alert", tr("This search did not work"), problem)

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
        """Whoever sees "Nothing found" for "a dog" shall know why."""
        if self._knows_colours_only:
            advice = tr(
                "Only colours and shapes are known here.\nA trained model finds what is in the pictures."
            )
            self._message.advise(advice, tr("Choose a model…"))
        elif self._model == STARTER and not self._is_changing:
            advice = tr("The starter model is small.\nA larger one, downloaded once, finds more.")
            self._message.advise(advice, tr("Choose a model…"))


def _colour_examples() -> Sequence[str]:
    """What is found by colours alone."""
    return [tr("red"), tr("blue and white"), tr("green"), tr("orange", "the colour")]

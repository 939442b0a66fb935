"""The command ``imagefinder doctor``, which prints a diagnostic report as text or JSON."""

import argparse
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from imagefinder.cli.doctor.report import Section
from imagefinder.cli.doctor.sections import Examination
from imagefinder.cli.exit_status import FOUND, WRONG
from imagefinder.cli.terminal import Terminal, printable
from imagefinder.domain.jobs import Phase, Progress
from imagefinder.translation import tr, use_language


def doctor(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Examine the installation, the library and the model, and time the model. The library is not changed."""
    if arguments.json:
        use_language("en")  # JSON is for programs
    with terminal.progress() as progress:
        progress(Progress(Phase.LOADING_MODEL, 0, None))
        sections = list(Examination(arguments).sections())
    if arguments.json:
        terminal.json({section.key: _as_json(section) for section in sections})
    else:
        _print(sections, terminal)
    return FOUND if _does_anything_work(sections) else WRONG


def _does_anything_work(sections: list[Section]) -> bool:
    """Whether there is a library, searchable at least by names, or a working model to create one."""
    broken = {section.key for section in sections if section.problem}
    has_library = any(fact.key == "items" for section in sections for fact in section.facts)
    return has_library or not broken & {"model", "timing"}


def _as_json(section: Section) -> dict[str, object]:
    found = {
        fact.key: _without_home(fact.text) if fact.value is None else fact.value for fact in section.facts
    }
    return {**found, "problem": _without_home(section.problem)} if section.problem else found


def _print(sections: list[Section], terminal: Terminal) -> None:
    labels = [fact.label for section in sections for fact in section.facts] + [tr("Trouble")]
    width = max(map(cell_len, labels)) + 4
    for section in sections:
        terminal.out.print(Text(section.title, style="bold"))
        lines = [(fact.label, fact.text, "") for fact in section.facts if fact.text]
        if section.problem:
            lines.append((tr("Trouble"), section.problem, "red"))
        for label, text, style in lines:
            said = Text(printable(_without_home(text)), style)
            terminal.out.print(Text(set_cell_size("  " + label, width)) + said)


def _without_home(text: str) -> str:
    """Replace the home folder, whose path often contains a person's name, by ``~``."""
    home = Path.home()
    return text if home == Path(home.anchor) else text.replace(str(home), "~")

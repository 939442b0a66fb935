"""Facts and sections of a report of ``imagefinder doctor``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from imagefinder.domain.errors import ImageFinderError


@dataclass(frozen=True, slots=True)
class Fact:
    """One finding."""

    key: str
    """Key in JSON."""
    label: str
    text: str
    value: object = None
    """Machine-readable value that replaces the text in JSON; None to use the text."""


@dataclass(slots=True)
class Section:
    """Group of related facts, as far as they could be determined."""

    key: str
    title: str
    facts: list[Fact] = field(default_factory=list)
    problem: str = ""
    """Error that prevented further facts; empty if there was none."""


def examine(key: str, title: str, look: Callable[[], Iterator[Fact]]) -> Section:
    """Collect the facts of a section. An exception ends the section and becomes its ``problem``."""
    section = Section(key, title)
    try:
        for fact in look():
            section.facts.append(fact)
    except ImageFinderError as error:
        section.problem = str(error)
    except Exception as error:  # noqa: BLE001 - reporting any failure is the purpose of this command
        section.problem = f"{type(error).__name__}: {error}"
    return section

"""What a report of ``imagefinder doctor`` is made of: facts, in sections."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from imagefinder.domain.errors import ImageFinderError


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was found."""

    key: str
    """Names it in JSON."""
    label: str
    text: str
    value: object = None
    """What JSON says in place of the text, where that is better read by a program."""


@dataclass(slots=True)
class Section:
    """Facts that belong together; as far as they could be found out."""

    key: str
    title: str
    facts: list[Fact] = field(default_factory=list)
    problem: str = ""
    """What kept the rest from being found out; empty where nothing did."""


def examine(key: str, title: str, look: Callable[[], Iterator[Fact]]) -> Section:
    """Collect the facts of a section; what goes wrong becomes its ``problem``, after the facts found before."""
    section = Section(key, title)
    try:
        for fact in look():
            section.facts.append(fact)
    except ImageFinderError as error:
        section.problem = str(error)
    except Exception as error:  # noqa: BLE001 - whatever ails: to say so is what a doctor is for
        section.problem = f"{type(error).__name__}: {error}"
    return section

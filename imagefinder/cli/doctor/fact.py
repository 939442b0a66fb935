"""What ``imagefinder doctor`` finds, one by one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was found."""

    key: str
    """Names it in JSON."""
    label: str
    text: str
    value: object = None
    """What JSON says in place of the text, where that is better read by a program."""

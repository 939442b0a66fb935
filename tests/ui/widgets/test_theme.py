"""Tests of the palettes, and of following the system's theme."""

from collections import Counter
from collections.abc import Iterator
from itertools import product

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from imagefinder.ui.widgets.theme import Theme, palette

Role = QPalette.ColorRole
READ = [
    (Role.WindowText, Role.Window),
    (Role.WindowText, Role.Midlight),
    (Role.Text, Role.Base),
    (Role.Text, Role.AlternateBase),
    (Role.ButtonText, Role.Button),
    (Role.PlaceholderText, Role.Window),
    (Role.PlaceholderText, Role.Base),
    (Role.PlaceholderText, Role.AlternateBase),
    (Role.HighlightedText, Role.Highlight),
    (Role.Link, Role.Window),
    (Role.Link, Role.Base),
    (Role.BrightText, Role.Window),
    (Role.BrightText, Role.Base),
    (Role.ToolTipText, Role.ToolTipBase),
]


def _luminance(colour: QColor) -> float:
    """Return the relative luminance according to WCAG 2.2."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.getRgbF()[:3]  # type: ignore[index]
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "behind"), READ, ids=lambda role: role.name)
def test_every_text_can_be_read(text: Role, behind: Role, is_dark: bool) -> None:
    colours = palette(is_dark=is_dark)

    assert _contrast(colours.color(text), colours.color(behind)) >= 4.5


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("behind", [Role.Window, Role.Base], ids=lambda role: role.name)
def test_what_is_chosen_stands_out(behind: Role, is_dark: bool) -> None:
    colours = palette(is_dark=is_dark)

    assert _contrast(colours.color(Role.Highlight), colours.color(behind)) >= 3


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_tooltip_is_painted_in_its_own_colours(qapp: QApplication, qtbot: QtBot, name: str) -> None:
    # Qt would reuse a tooltip left open by another test, with its colours.
    for tip in [each for each in qapp.topLevelWidgets() if each.inherits("QTipLabel")]:
        shiboken6.delete(tip)
    Theme(qapp, name)
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()

    # For an unknown palette role, Qt silently uses the window's colour.
    QToolTip.showText(QPoint(100, 100), "where it lies", widget)
    (tip,) = [each for each in qapp.topLevelWidgets() if each.inherits("QTipLabel")]
    picture = tip.grab().toImage()
    places = product(range(picture.width()), range(picture.height()))
    behind, _ = Counter(picture.pixelColor(*place).name() for place in places).most_common(1)[0]
    shiboken6.delete(tip)

    assert behind == palette(is_dark=name == "dark").color(Role.ToolTipBase).name()


def test_a_theme_is_worn_at_once(qapp: QApplication) -> None:
    theme = Theme(qapp, "light")
    light = qapp.palette().color(Role.Window)

    theme.use("dark")

    assert theme.is_dark
    assert qapp.palette().color(Role.Window).lightness() < light.lightness()
    theme.use("light")
    assert qapp.palette().color(Role.Window) == light


def test_it_follows_the_system_unless_told_otherwise(qapp: QApplication) -> None:
    theme = Theme(qapp, "system")
    qapp.styleHints().setColorScheme(Qt.ColorScheme.Dark)
    follows = theme.is_dark
    theme.use("light")
    stays = not theme.is_dark
    qapp.styleHints().unsetColorScheme()

    assert stays
    # The offscreen platform may ignore the hint. If it does not, the theme must follow it.
    assert follows == (qapp.styleHints().colorScheme() == Qt.ColorScheme.Dark) or follows


@pytest.fixture(autouse=True)
def _undressed(qapp: QApplication) -> Iterator[None]:
    yield
    for theme in qapp.findChildren(Theme):
        theme.deleteLater()
    qapp.setStyleSheet("")

"""Tests of icons: contrast in all states and themes, and uniform translucency."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.scenes import Stage
from PySide6.QtCore import QRect
from PySide6.QtGui import QAction, QColor, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.resources import resource
from imagefinder.ui.widgets.icons import icon
from imagefinder.ui.widgets.theme import Theme, palette

Role = QPalette.ColorRole
NAMES = sorted(
    file.stem
    for file in Path(str(resource("icons"))).glob("*.svg")
    if "currentColor" in file.read_text(encoding="utf-8")
)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, "light")
    yield made
    made.deleteLater()
    qapp.setStyleSheet("")


@pytest.fixture
def stage(theme: Theme, qtbot: QtBot, hits: MakeHits, pictures: Path) -> Iterator[Stage]:
    made = Stage(hits, pictures / "red.png")
    yield made
    made.close()


def painted(name: str, opacity: float) -> QImage:
    image = QImage(96, 96, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setOpacity(opacity)
    icon(name).paint(painter, image.rect())
    painter.end()
    return image


@pytest.mark.parametrize("name", NAMES)
def test_no_dot_is_darker_where_translucent_strokes_cross(theme: Theme, name: str) -> None:
    image = painted(name, 0.4)
    darkest = min(image.pixelColor(x, y).lightness() for x in range(96) for y in range(96))
    ink = QApplication.palette().color(Role.ButtonText).lightness()
    assert darkest == pytest.approx(255 - 0.4 * (255 - ink), abs=2)


def menus(stage: Stage) -> list[QMenu]:
    """Return all menus that have icons."""
    stage.results()
    window = stage.window
    pane = window.panes.panes()[0]
    made = [action.menu() for action in window.menuBar().actions()]
    made.append(pane.view._actions.menu(window))
    made.append(window.panel.menu_for(window.panel.model.source(0)))
    return [menu for menu in made if any(not action.icon().isNull() for action in menu.actions())]  # type: ignore[misc]


@pytest.mark.parametrize("name", ["light", "dark"])
def test_icons_of_menus_have_the_colour_of_the_words_beside_them(
    theme: Theme, stage: Stage, name: str
) -> None:
    colours = palette(is_dark=name == "dark")
    theme.use(name)
    seen = 0
    for menu in menus(stage):
        menu.ensurePolished()
        menu.resize(menu.sizeHint())
        for action in menu.actions():
            if action.isSeparator() or action.icon().isNull():
                continue
            for is_active in (False, True):
                menu.setActiveAction(action if is_active else None)  # type: ignore[arg-type]
                behind, ink = colours_of_icon(menu, action)
                is_lit = is_active and action.isEnabled()
                group = QPalette.ColorGroup.Active if action.isEnabled() else QPalette.ColorGroup.Disabled
                assert behind == colours.color(Role.Highlight if is_lit else Role.Base), action.text()
                wanted = colours.color(group, Role.HighlightedText if is_lit else Role.Text)
                # Thin strokes are antialiased, so their colour is not exact.
                assert abs(ink.lightness() - wanted.lightness()) < 40, action.text()
                seen += 1
        menu.setActiveAction(None)  # type: ignore[arg-type]
    assert seen > 40


def colours_of_icon(menu: QMenu, action: QAction) -> tuple[QColor, QColor]:
    """Return the background colour of an entry's icon, and of its strokes, which differs most from it."""
    entry = menu.actionGeometry(action)
    image = menu.grab(QRect(entry.left() + 2, entry.top() + 5, 22, entry.height() - 10)).toImage()
    pixels = Counter(
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    )
    behind = QColor(pixels.most_common(1)[0][0])
    ink = max(map(QColor, pixels), key=lambda each: abs(each.lightness() - behind.lightness()))
    return behind, ink

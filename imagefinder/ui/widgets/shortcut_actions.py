"""Actions whose shortcuts apply only where the focused widget leaves the key to them."""

from collections.abc import Callable

from PySide6.QtCore import QKeyCombination, QObject, Qt
from PySide6.QtGui import QAction, QIcon, QKeyEvent, QKeySequence

from imagefinder.translation import tr
from imagefinder.ui.widgets.icons import icon, menu_icon


class ShortcutActions(QObject):
    """The actions of one widget, whose ``keyPressEvent`` asks ``take_key`` first.

    A shortcut of Qt's would take Space and Enter from the button that has the focus.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._actions: dict[str, QAction] = {}
        self._keys: dict[QKeySequence, QAction] = {}
        self._icon_names: dict[str, str] = {}

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def add(self, name: str, icon_name: str, text: str, act: Callable[[], None], *keys: str) -> QAction:
        """An action; the first of its keys is shown with it."""
        action = QAction(icon(icon_name), text, self)
        for key in keys:
            self._keys[QKeySequence(key)] = action
        if keys:
            shown = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(tr("{name} ({key})", name=text, key=shown))
        action.triggered.connect(lambda: act())
        self._actions[name] = action
        self._icon_names[name] = icon_name
        return action

    def key_of(self, name: str) -> QKeySequence:
        """The key that is shown with an action; an empty one where it has none."""
        wanted = self._actions[name]
        return next((key for key, action in self._keys.items() if action is wanted), QKeySequence())

    def menu_icon_of(self, name: str) -> QIcon:
        """An action's icon, for an entry of a menu; its own suits buttons."""
        return menu_icon(self._icon_names[name])

    def take_key(self, event: QKeyEvent, *, may_repeat: bool = True) -> bool:
        """Do what a key stands for; returns whether it stands for anything.

        Without ``may_repeat`` a key that is held down acts once.
        """
        # The keypad's Enter is Enter: its being on the keypad is a modifier to Qt.
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        action = self._keys.get(QKeySequence(QKeyCombination(modifiers, Qt.Key(event.key()))))
        if action is None:
            return False
        if may_repeat or not event.isAutoRepeat():
            action.trigger()
        return True

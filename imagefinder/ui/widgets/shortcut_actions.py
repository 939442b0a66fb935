"""Actions whose shortcuts apply only if the focused widget does not handle the key itself."""

from collections.abc import Callable

from PySide6.QtCore import QKeyCombination, QObject, Qt
from PySide6.QtGui import QAction, QIcon, QKeyEvent, QKeySequence

from imagefinder.translation import tr
from imagefinder.ui.widgets.icons import icon, menu_icon


class ShortcutActions(QObject):
    """Actions of a widget, whose ``keyPressEvent`` must call ``take_key``.

    Qt's own shortcuts would take Space and Enter away from a focused button.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._actions: dict[str, QAction] = {}
        self._keys: dict[QKeySequence, QAction] = {}
        self._icon_names: dict[str, str] = {}

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def add(self, name: str, icon_name: str, text: str, act: Callable[[], None], *keys: str) -> QAction:
        """Add an action. The first of its keys is shown in its tooltip."""
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
        """Return the first key of an action, or an empty key sequence if it has none."""
        wanted = self._actions[name]
        return next((key for key, action in self._keys.items() if action is wanted), QKeySequence())

    def menu_icon_of(self, name: str) -> QIcon:
        """Return an action's icon for use in a menu. The icon of the ``QAction`` itself is for buttons."""
        return menu_icon(self._icon_names[name])

    def take_key(self, event: QKeyEvent, *, may_repeat: bool = True) -> bool:
        """Trigger the action of a key, and return whether it has one.

        Without ``may_repeat``, auto-repeat of a key that is held down is ignored.
        """
        # Treat Enter on the keypad like any other. Qt reports the keypad as a modifier.
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        action = self._keys.get(QKeySequence(QKeyCombination(modifiers, Qt.Key(event.key()))))
        if action is None:
            return False
        if may_repeat or not event.isAutoRepeat():
            action.trigger()
        return True

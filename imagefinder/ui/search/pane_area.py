"""Area of all search panes, in tabs and side by side."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSplitter, QWidget

from imagefinder.translation import tr
from imagefinder.ui.query.search_state import PaneState
from imagefinder.ui.search.pane_group import LEAST_WIDTH, PaneGroup
from imagefinder.ui.search.search_pane import SearchPane
from imagefinder.ui.services.cell_sizes import DEFAULT_CELL_SIZE

_MOST_GROUPS = 6
_MOST_PANES = 50
_WIDEST = 1 << 16
"""Upper bound for the widths restored, in points: Qt does not accept integers of any size."""
_HANDLE = 1


class PaneArea(QWidget):
    """Groups of panes in a splitter. There is always at least one pane."""

    preview_requested = Signal(object, int, str)  # ResultsModel, row, the query's words
    folders_dropped = Signal(list)  # list[Path]
    notice = Signal(str)
    problem = Signal(str)
    current_changed = Signal()
    """Another pane is current, or its title has changed. Emitted only while no group is empty."""

    def __init__(self, make_pane: Callable[[int], SearchPane], parent: QWidget | None = None) -> None:
        """Create the area with one empty pane.

        Args:
            make_pane: Creates a pane with the given id, which is unique in this area.
            parent: The parent widget.
        """
        super().__init__(parent)
        self._make_pane = make_pane
        self._last_id = 0
        self._token = f"{id(self):x}"
        self._groups: list[PaneGroup] = []
        self._active: PaneGroup | None = None
        self._rearrangements = 0
        """Nesting depth of the changes of the structure under way."""
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(_HANDLE)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._splitter)
        for keys, step in (("Ctrl+Tab", 1), ("Ctrl+Shift+Tab", -1), ("Ctrl+PgDown", 1), ("Ctrl+PgUp", -1)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda step=step: self.step(step))
        QApplication.instance().focusChanged.connect(self._follow_focus)  # type: ignore[union-attr]
        self.new_pane()

    def panes(self) -> list[SearchPane]:
        """Return all panes from left to right."""
        return [pane for group in self._groups for pane in group.panes()]

    def groups(self) -> list[list[SearchPane]]:
        """Return the panes of each group, from left to right."""
        return [group.panes() for group in self._groups]

    def current_pane(self) -> SearchPane:
        """Return the current pane of the active group."""
        group = self._active or self._groups[0]
        pane = group.current()
        assert pane is not None, "a group without panes is taken away"
        return pane

    def new_pane(self, state: PaneState | None = None, *, beside: bool = False) -> SearchPane:
        """Open a pane in a new tab, or in a new group to the right of the current one (``beside``).

        If there is no room for another group, the pane is opened in a tab, and a notice says so.
        """
        size = self.current_pane().state().cell_size if self._groups else DEFAULT_CELL_SIZE
        group = self._active
        is_new_group = group is None or (beside and self._has_room())
        pane = self._made()
        with self._rearranging():
            if group is None or is_new_group:
                group = self._new_group(self._groups.index(group) + 1 if group else 0)
            group.insert(pane, self._after_current(group))
            self._activate(group)
        pane.restore(state or PaneState(cell_size=size))
        return pane

    def _has_room(self) -> bool:
        """Whether there is room for one more group; emits a notice if not."""
        # The width is unknown until the window is shown.
        needed = (len(self._groups) + 1) * (LEAST_WIDTH + _HANDLE) - _HANDLE
        if len(self._groups) < _MOST_GROUPS and (not self.isVisible() or self._splitter.width() >= needed):
            return True
        self.notice.emit(
            tr("There isn't enough space to show another search side by side. It's in a tab instead.")
        )
        return False

    def close_pane(self, pane: SearchPane) -> None:
        """Close a pane. The last one is emptied instead."""
        if len(self.panes()) == 1:
            pane.restore(PaneState(cell_size=pane.state().cell_size))
            pane.focus_query()
            return
        focus = QApplication.focusWidget()
        had_focus = focus is not None and pane.isAncestorOf(focus)
        with self._rearranging():
            self._take_out(pane, self._group_of(pane))
            pane.close_pane()
            pane.deleteLater()
        if had_focus:
            self.current_pane().focus_query()

    def close_current(self) -> None:
        """Close the current pane."""
        self.close_pane(self.current_pane())

    def step(self, by: int) -> None:
        """Go to the tab ``by`` places after the current one (before, if negative), across all groups."""
        panes = self.panes()
        self.show_pane(panes[(panes.index(self.current_pane()) + by) % len(panes)])

    def show_pane(self, pane: SearchPane) -> None:
        """Make a pane the current one, and focus its query."""
        group = self._group_of(pane)
        group.show_pane(pane)
        self._activate(group)
        pane.focus_query()

    def save(self) -> dict[str, Any]:
        """Return the panes and their arrangement, for ``json.dumps``."""
        active = self._groups.index(self._active) if self._active in self._groups else 0
        groups = [
            {
                "panes": [pane.state().to_json() for pane in group.panes()],
                "current": group.tabs.currentIndex(),
            }
            for group in self._groups
        ]
        return {"groups": groups, "active": active, "sizes": self._splitter.sizes()}

    def restore(self, saved: dict[str, Any], *, with_items: bool = True) -> None:
        """Replace all panes by saved ones. Damaged data is skipped; if no pane is left, nothing is changed.

        Args:
            saved: The result of ``save``.
            with_items: Whether the library is the one that the panes were saved with. If not, items of it are removed
                from the queries, and panes that searched by such items alone are skipped.
        """
        kept = (_kept_group(found, with_items=with_items) for found in _list(saved.get("groups")))
        groups = [group for group in kept if group[0]][:_MOST_GROUPS]
        if not groups:
            return
        old = self.panes()
        sizes = saved.get("sizes")
        active, fresh = saved.get("active"), []
        with self._rearranging():
            for states, current in groups:
                group = self._new_group(len(self._groups))
                fresh.append(group)
                for state in states:
                    pane = self._made()
                    group.insert(pane)
                    pane.restore(state)
                group.tabs.setCurrentIndex(min(current, len(states) - 1))
            for pane in old:
                self.close_pane(pane)
            self._activate(fresh[active] if type(active) is int and 0 <= active < len(fresh) else fresh[0])
        if (
            isinstance(sizes, list)
            and len(sizes) == len(fresh)
            and all(type(s) is int and 0 < s < _WIDEST for s in sizes)
        ):
            self._splitter.setSizes(sizes)

    def stop(self) -> None:
        """Stop all requests, because the window is closing."""
        for pane in self.panes():
            pane.close_pane()

    def _made(self) -> SearchPane:
        self._last_id += 1
        pane = self._make_pane(self._last_id)
        pane.preview_requested.connect(self.preview_requested)
        pane.folders_dropped.connect(self.folders_dropped)
        pane.notice.connect(self.notice)
        pane.problem.connect(self.problem)
        pane.new_pane_requested.connect(lambda state: self._open(pane, state, is_beside=False))
        pane.split_requested.connect(lambda state: self._open(pane, state, is_beside=True))
        pane.hidden_changed.connect(lambda ids, is_hidden: self._tell_others(pane, ids, is_hidden))
        pane.title_changed.connect(lambda title: self._rename(pane, title))
        return pane

    def _open(self, pane: SearchPane, state: PaneState, *, is_beside: bool) -> None:
        self._activate(self._group_of(pane))
        size = pane.state().cell_size
        fresh = self.new_pane(state if not state.is_empty else PaneState(cell_size=size), beside=is_beside)
        fresh.focus_query()

    def _tell_others(self, pane: SearchPane, ids: Collection[int], is_hidden: bool) -> None:
        for other in self.panes():
            if other is not pane:
                other.note_hidden(ids, is_hidden)

    def _rename(self, pane: SearchPane, title: str) -> None:
        for group in self._groups:
            if pane in group.panes():
                group.tabs.set_title(pane.pane_id, title)
        self._tell_current()

    def _new_group(self, at: int) -> PaneGroup:
        group = PaneGroup(self._token, self._splitter)
        group.new_wanted.connect(lambda: self._new_in(group))
        group.close_wanted.connect(self._close)
        group.split_wanted.connect(lambda pane_id: self._move_beside(pane_id, group, 1))
        group.pane_dropped.connect(lambda pane_id, place: self._move(pane_id, group, place))
        group.edge_dropped.connect(lambda pane_id, side: self._move_beside(pane_id, group, side))
        group.current_changed.connect(self._tell_current)
        group.tabs.tabBarClicked.connect(lambda _: self._activate(group))
        sizes = self._splitter.sizes()
        self._groups.insert(at, group)
        self._splitter.insertWidget(at, group)
        if sizes:
            # The new group takes half of its neighbour's width; the others keep theirs.
            neighbour = max(0, at - 1)
            half = sizes[neighbour] // 2
            sizes[neighbour] -= half
            sizes.insert(at, half)
            self._splitter.setSizes(sizes)
        return group

    def _new_in(self, group: PaneGroup) -> None:
        self._activate(group)
        self.new_pane().focus_query()

    def _close(self, pane_id: int) -> None:
        if pane := self._pane(pane_id):
            self.close_pane(pane)

    def _move(self, pane_id: int, group: PaneGroup, place: int) -> None:
        pane = self._pane(pane_id)
        if pane is None:
            return
        old = self._group_of(pane)
        if old is group and old.panes().index(pane) < place:
            place -= 1
        with self._rearranging():
            if old is group:
                old.remove(pane)
            else:
                self._take_out(pane, old)
            group.insert(pane, place)
            self._activate(group)
        pane.focus_query()

    def _move_beside(self, pane_id: int, group: PaneGroup, side: int) -> None:
        pane = self._pane(pane_id)
        if pane is None:
            return
        old = self._group_of(pane)
        stands_alone = len(old.panes()) == 1
        # If the pane is alone in its group, that group is removed and makes room.
        if (old is group and stands_alone) or not (stands_alone or self._has_room()):
            self.show_pane(pane)
            return
        with self._rearranging():
            new = self._new_group(self._groups.index(group) + (1 if side > 0 else 0))
            self._take_out(pane, old)
            new.insert(pane)
            self._activate(new)
        pane.focus_query()

    def _take_out(self, pane: SearchPane, group: PaneGroup) -> None:
        """Remove a pane from its group, and remove the group if it is empty then."""
        group.remove(pane)
        pane.setParent(self)
        if not group.panes():
            at = self._groups.index(group)
            self._groups.remove(group)
            group.hide()
            # Leave the splitter at once: widths that are set before the deletion do not include this group.
            group.setParent(self)
            group.deleteLater()
            if self._active is group:
                self._activate(self._groups[max(0, at - 1)])

    def _activate(self, group: PaneGroup) -> None:
        self._active = group
        for each in self._groups:
            each.tabs.set_marked(each is group and len(self._groups) > 1)
        self._tell_current()

    @contextmanager
    def _rearranging(self) -> Iterator[None]:
        """Defer ``current_changed`` while the structure is changed, and emit it once at the end.

        Removing widgets from layouts and hiding them changes the focus and the current tabs at once, when the
        structure may be inconsistent.
        """
        self._rearrangements += 1
        try:
            yield
        finally:
            self._rearrangements -= 1
        self._tell_current()

    def _tell_current(self) -> None:
        if not self._rearrangements:
            self.current_changed.emit()

    def _follow_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        if self._rearrangements or any(each.is_turning for each in self._groups):
            return
        group = next((each for each in self._groups if new is not None and each.isAncestorOf(new)), None)
        if group is not None and group is not self._active:
            self._activate(group)

    def _group_of(self, pane: SearchPane) -> PaneGroup:
        return next(group for group in self._groups if pane in group.panes())

    def _pane(self, pane_id: int) -> SearchPane | None:
        """Return the pane with this id; None if it was closed meanwhile, for example while its tab was dragged."""
        return next((pane for pane in self.panes() if pane.pane_id == pane_id), None)

    @staticmethod
    def _after_current(group: PaneGroup) -> int:
        return group.tabs.currentIndex() + 1


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _kept_group(found: object, *, with_items: bool) -> tuple[list[PaneState], int]:
    """Return the states of the panes in a saved group, and the index of the current one."""
    if not isinstance(found, dict):
        return [], 0
    states = [PaneState.from_json(each) for each in _list(found.get("panes")) if isinstance(each, dict)]
    if not with_items:
        left = [(state, state.without_items()) for state in states]
        states = [after for before, after in left if before.is_empty or not after.is_empty]
    current = found.get("current")
    return states[:_MOST_PANES], current if type(current) is int and current >= 0 else 0

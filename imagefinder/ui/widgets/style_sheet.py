"""Style sheet of the application, for rounded corners, slim scroll bars, flat tabs and menus."""

from imagefinder.resources import resource

# All colours are palette roles, so the same sheet works for both themes.
_SHEET = """
QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QComboBox {
    background: palette(base); color: palette(text);
    border: 1px solid palette(mid); border-radius: 6px; padding: 4px 8px; min-height: 20px;
    selection-background-color: palette(highlight); selection-color: palette(highlighted-text);
}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QComboBox:focus {
    border: 1px solid palette(highlight);
}
QComboBox { background: palette(button); color: palette(button-text); padding-right: 24px; }
QComboBox::drop-down, QSpinBox::up-button, QSpinBox::down-button { border: none; width: 20px; }
QComboBox::down-arrow, QSpinBox::down-arrow { image: url(@down@); width: 12px; height: 12px; }
QSpinBox QLineEdit { padding-left: 6px; }
QSpinBox::up-arrow { image: url(@up@); width: 12px; height: 12px; }
QComboBox QAbstractItemView {
    background: palette(base); border: 1px solid palette(mid); padding: 4px; outline: none;
}
QPushButton {
    background: palette(button); color: palette(button-text);
    border: 1px solid palette(mid); border-radius: 6px; padding: 5px 14px; min-height: 20px;
}
QPushButton:hover { background: palette(alternate-base); }
QPushButton:pressed, QPushButton:checked { background: palette(midlight); }
QPushButton:focus { border-color: palette(highlight); }
QPushButton:default {
    background: palette(highlight); color: palette(highlighted-text); border-color: palette(highlight);
}
QPushButton:disabled { color: palette(placeholder-text); background: palette(window); }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QPushButton:flat { background: transparent; border-color: transparent; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px; }
QToolButton:hover { background: palette(midlight); }
QToolButton:pressed, QToolButton:checked { background: palette(mid); }
QToolButton:focus { border-color: palette(highlight); }
QToolButton::menu-indicator { image: none; }
QCheckBox { spacing: 8px; }
QCheckBox::indicator {
    width: 16px; height: 16px; background: palette(base);
    border: 1px solid palette(placeholder-text); border-radius: 4px;
}
QCheckBox::indicator:checked { background: palette(highlight); border-color: palette(highlight); image: url(@check@); }
QCheckBox::indicator:focus { border: 2px solid palette(highlight); }
QCheckBox::indicator:checked:focus { border-color: palette(window-text); }
QCheckBox::indicator:disabled { border-color: palette(mid); }
QListWidget {
    background: palette(base);
    border: 1px solid palette(mid); border-radius: 8px; padding: 4px; outline: none;
}
QListWidget::item { border-radius: 6px; padding: 4px 6px; border: 1px solid transparent; }
QListWidget::item:hover { background: palette(alternate-base); }
QListWidget::item:selected { background: palette(highlight); color: palette(highlighted-text); }
QTabWidget::pane { border: none; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab {
    background: transparent; color: palette(placeholder-text);
    border: none; border-radius: 6px; padding: 6px 2px 6px 12px; margin: 4px 2px;
}
QTabBar::tab:hover { background: palette(midlight); color: palette(window-text); }
QTabBar::tab:selected { background: palette(base); color: palette(window-text); }
QTabBar::tab:focus { border: 1px solid palette(highlight); padding: 5px 1px 5px 11px; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 12px; margin: 0; }
QScrollBar:horizontal { height: 12px; margin: 0; }
QScrollBar::handle { background: palette(mid); border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: palette(dark); }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QMenuBar { background: palette(window); padding: 2px 4px; }
QMenuBar::item { padding: 4px 10px; border-radius: 6px; background: transparent; color: palette(window-text); }
QMenuBar::item:selected, QMenuBar::item:pressed { background: palette(midlight); }
QMenu { background: palette(base); border: 1px solid palette(mid); padding: 4px; }
QMenu::item { padding: 6px 28px 6px 12px; border-radius: 4px; color: palette(text); }
QMenu::item:selected { background: palette(highlight); color: palette(highlighted-text); }
QMenu::item:disabled { color: palette(dark); background: transparent; }
QMenu::icon { padding-left: 0; }
QMenu::separator { height: 1px; background: palette(midlight); margin: 4px 8px; }
QToolTip {
    background: palette(tooltip-base); color: palette(tooltip-text);
    border: 1px solid palette(tooltip-base); padding: 4px 6px;
}
QProgressBar { background: palette(midlight); border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: palette(highlight); border-radius: 3px; }
QSplitter::handle { background: palette(midlight); }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: palette(highlight); }
QGroupBox { border: none; font-weight: 600; margin-top: 20px; padding: 4px 0 0 0; }
QGroupBox::title { subcontrol-origin: margin; left: 0; }
"""


def style_sheet() -> str:
    """Return the application's style sheet."""
    icons = resource("icons").as_posix()
    sheet = _SHEET
    for sign in ("down", "up", "check"):
        sheet = sheet.replace(f"@{sign}@", f"{icons}/field-{sign}.svg")
    return sheet

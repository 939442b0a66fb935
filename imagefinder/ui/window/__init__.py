"""Main window, its menus and its dialogs."""

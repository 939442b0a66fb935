"""Services shared by the window's widgets. None of them is a widget."""

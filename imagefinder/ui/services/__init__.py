"""Services that the window's widgets share; none of them is a widget."""

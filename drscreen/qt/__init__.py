"""The window. Everything that imports PySide6 lives here and in `drscreen.gui`."""

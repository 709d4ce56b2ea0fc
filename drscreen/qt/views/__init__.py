"""Widgets: layout, styling, signals; no decisions."""

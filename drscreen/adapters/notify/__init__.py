"""Notifier plugins: finding them; delivery joins them here."""

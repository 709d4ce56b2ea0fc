"""PyInstaller: take in every installed notifier, with the metadata that it is found by."""

from PyInstaller.utils.hooks import collect_entry_point

datas, hiddenimports = collect_entry_point("drscreen.notifiers")

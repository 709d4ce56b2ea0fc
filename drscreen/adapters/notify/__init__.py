"""Installed notifier plugins: found, kept apart from each other, and asked.

`discovery` finds them, `lane` makes one call at a time with a time limit, `plugin` is one plugin
behind such a lane, `host` hands all of them out as `drscreen.domain.notice_ports.Notifiers`.
"""

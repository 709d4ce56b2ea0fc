"""Notifier plugins: found, kept apart from everything else, and asked.

`discovery` finds them and hashes their files; `host` hands those that somebody chose out as
`drscreen.domain.notice_ports.Notifiers`. `plugin` is one of them, behind a `process` of its own;
`child` and `hooks` are what runs there, `frames` and `wire` what the two say to each other, `calls`
what can come of a call. `addresses` asks nobody.
"""

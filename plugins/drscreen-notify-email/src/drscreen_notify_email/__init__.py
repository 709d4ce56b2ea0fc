"""drscreen's e-mail notifier: `plugin` has the hooks, `settings` what an administrator sets,
`address` who can be written to, `mail` the message, `delivery` the talk with the mail server.
"""

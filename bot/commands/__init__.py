"""Commands of `alvh`, one thin module each: they parse, call a room and print.

A module offers `register(app)`; `bot.cli` lists them. Nothing slow is imported at module level, so that `alvh --help`
stays quick.
"""

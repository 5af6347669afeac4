"""What a command tells its user when it cannot go on."""


class CommandError(Exception):
    """The command cannot go on; the text says why and what to do next."""

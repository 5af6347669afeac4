"""What the `kb` command tells its user when it cannot go on."""


class KbError(Exception):
    """The command cannot go on; the text says why and what helps."""

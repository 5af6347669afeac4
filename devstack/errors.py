"""What the local stack tells its user when it cannot go on."""


class DevstackError(Exception):
    """The local stack cannot start or go on; the text says why and what helps."""

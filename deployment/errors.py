"""What the deployment tells its user when it cannot go on."""


class DeploymentError(Exception):
    """A step cannot be done; the text says why and what to do next."""

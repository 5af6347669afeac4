"""What the AWS libraries find in the environment, besides what a stage sets."""

import os


def forget_own_aws_settings() -> None:
    """Keep the developer's profile, keys and endpoints out: nothing may reach a real account by accident."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

"""Writes the description of the API: `python -m deployment.openapi`."""

import sys

from deployment.openapi.document import write

sys.exit(write())

"""How programs of ours are started on each system."""

import subprocess

OWN_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""The flag by which Windows keeps Ctrl-C from a child; elsewhere `start_new_session` does."""

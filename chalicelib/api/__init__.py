"""HTTP manners, and what each resource's requests and answers look like.

`api.chat` and its neighbours are loaded when a route first uses them: of the functions in `app.py`, one alone
has routes, and the others would load all of it, and pydantic, for nothing.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.api import chat, description, events, insights, knowledge_base, parsing, tickets

__all__ = ["chat", "description", "events", "insights", "knowledge_base", "parsing", "tickets"]


def __getattr__(name: str) -> ModuleType:
    """Load a module of this package. Raises AttributeError where there is none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return import_module(f"{__name__}.{name}")

"""The routes for anyone: the page, this description, the app's health."""

from pydantic import BaseModel

from chalicelib import __version__
from chalicelib.api.answers.common import Health
from deployment.openapi.operation import HTML, SCRIPT, SERVICE, Answer, Operation


class PageQuery(BaseModel):
    """The query of GET /."""

    language: str | None = None
    """The page's language, such as `de`; else it is one that the browser accepts."""

    color: str | None = None
    """The page's colour, such as `#7a3e9d`; else it is the stage's own."""


class LibrariesQuery(BaseModel):
    """The query of GET /libraries.js."""

    v: str | None = None
    """The version that a page was made with; the current one may be kept for a year."""


class HealthQuery(BaseModel):
    """The query of GET /health."""

    deep: str | None = None
    """`1` also looks at what the app depends on."""


OPERATIONS = (
    Operation(
        SERVICE,
        "GET",
        "/",
        "openPage",
        "The chat page",
        "One HTML page with its styles and scripts, in one of ten languages.",
        Answer("The page.", media_type=HTML),
        query=PageQuery,
        has_etag=True,
    ),
    Operation(
        SERVICE,
        "GET",
        "/widget.js",
        "loadWidget",
        "The widget",
        "The script that puts the chat on another site; docs/widget.md says how.",
        Answer("The script.", media_type=SCRIPT),
        has_etag=True,
    ),
    Operation(
        SERVICE,
        "GET",
        "/libraries.js",
        "loadLibraries",
        "The chat page's libraries",
        "The script that makes markup of answers, which the chat page loads before it shows the first one.",
        Answer("The script.", media_type=SCRIPT),
        query=LibrariesQuery,
        has_etag=True,
    ),
    Operation(
        SERVICE,
        "GET",
        "/agent",
        "openConsole",
        "The agents' console",
        "One HTML page with its styles and scripts. It holds no data: it asks for an agent's token, and for "
        "everything else with that.",
        Answer("The page.", media_type=HTML),
        has_etag=True,
    ),
    Operation(
        SERVICE,
        "GET",
        "/openapi.json",
        "describeApi",
        "This description",
        "This API in OpenAPI 3.1.",
        Answer("The description, an OpenAPI document."),
        has_etag=True,
    ),
    Operation(
        SERVICE,
        "GET",
        "/health",
        "readHealth",
        "How the app is",
        "Says whether the app is up; with `?deep=1`, whether what it depends on is: within three seconds, "
        "and without asking a model. It looks at most every ten seconds.",
        Answer(
            "The app is up.",
            Health,
            {
                "status": "ok",
                "stage": "dev",
                "version": __version__,
                "checks": {"dynamodb": "ok", "postgres": "ok"},
            },
        ),
        query=HealthQuery,
    ),
)

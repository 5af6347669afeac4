"""Describes the HTTP API in OpenAPI 3.1; `python -m deployment.openapi` writes the description.

A new route gets an `Operation` in the module of its resource, and its answer a type in
`chalicelib/api/answers/`. The app only reads what is written here: no start of a function pays for it.
"""

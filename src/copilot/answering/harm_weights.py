"""Weights of the guard against harmful requests; made by `scripts/fit_guard.py`."""

BIAS = -1.5681
WEIGHTS = (
    "TCzGNtcynR6Fttc1XC/1JBW6drUYPESzoTxyrdSsLLYxN207cTBdKZy5VbeCO4C5k7sJMO46sy2NtD81Xj1+uoG417jYPMy5ZDeAPGk1ebDXPAK5QzaOM4Kx"
    "v608s/04faVJuHu6oiFquuu3MLtZvSCz0zs/uCw8Jq20PAU22bqduWE6iT3fPJY4bzkzNdMxc7kbOFK/+bd+t6WzHLR9OGa5W7IMOASycLWmO0C3Wb3Xs9Ol"
    "YTRVM/c5EbwrPFc2TbkiJAO9Ljn7tR44UDbgLCE9EDZBPfqwZrgsvEY1SaW2sws08zjUMFI96DqFqdS11LORsb68tzGDOzq9h7EAAOw2lT/tOFIxPrsYPQc0"
    "Tb3xNZE42rj+unI04a2WuqS0P7npKxM8xzacO9+6MDr1taEvJbh6tDQ87jjducw1SDY7POa1Mbm1u/WoCLdXuN+4Jjg+NG0voTTtsi49dLY/tFc5WLnksfoy"
    "JbyRMq+4OLkeuW06PzyJrxi4t7zwuOk4zC96ucI9C7SetWq5QbE9PSO8+DahtQG3HiMpuC08l7nMOoozyjTON0Q9/7j6NIm6drMJNLI21LT1ML+zZDEAgG85"
    "0LpXPNclFSxmrGMvMrokOP05ujQltzQ7Qbd4N8Grcz2EMJyiW7Owu6o4zrq6PcEymrSrtrcwfi3bNES6uqXgt7K7Z7xYtlOk1j18MUY1Bbc0Nlu71LjgtEW4"
    "JjjOMO6ocTbhsQyvOrnVtNo5k7o0Pyu6rTzes467S7w/udc7RLU/u+S2LDKNvFAzfLPRugIzkLoKt0Qzqbk9M2I0YbzaPsi5bTyrrtisRTfQPgAu3D2GrA65"
    "Pb2cPD64+zMBgBa1or56uYI8lr38Pcm8Vrk9s/u3uLfjsqi3Ejhgpre04bjoNfU2ozZzuYmvIjRnMdA3FRQ+q6i4fjqoOfU1ML2iMwU8ZDZssUoylDs/taEy"
    "jbWltfS686ditGC9mrhSt5Y1eTATOzu8njWVuK88LLiQuCo7d6xxOnAxwDqFqlu4"
)
"""One half-precision number a dimension of the sentence's vector, little-endian, base64."""

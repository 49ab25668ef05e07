"""One file per foreign thing, each with one door."""

"""What a collection is about: its volume, topics, names and their graph, duplicates, stale documents and likely gaps."""

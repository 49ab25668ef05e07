"""Documents: detect, extract, chunk, index, search."""

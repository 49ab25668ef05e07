"""A natural-language command line for building, testing and deploying agents that cite."""

"""An agent at work: retrieve, answer, cite, guard."""

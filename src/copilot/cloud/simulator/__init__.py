"""A whole AWS account on this machine, kept as a journal of calls: moto answers them, functions really run."""

"""What AWS takes at most and at least, for those who say it and those who check it."""

RETENTION_DAYS = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
"""How long a log group can keep lines."""
MEMORY_MB = range(128, 10_241)
TIMEOUT_S = range(1, 30)
"""A function behind API Gateway: the gateway waits 29 seconds."""

"""Kills, full disks and flipped bits, counted. `python -m tests.torture` prints the table."""

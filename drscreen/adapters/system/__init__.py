"""The machine: paths, clock, settings file, logging."""

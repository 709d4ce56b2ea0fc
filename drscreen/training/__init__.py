"""Data sets, training and evaluation of networks; used by the command line alone."""

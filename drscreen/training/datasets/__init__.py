"""Data sets as people have them: which photographs, of which patient and eye, with which grade."""

"""drscreen: offline screening of retinal photographs for diabetic retinopathy.

Research use, not a cleared medical device: a clinician confirms every result.
"""

__version__ = "0.1.0"

"""What a rank of a job notes so that the ranks can be held against each other when their records are read.

No collective is ever called, and nothing is sent: a probe must not be able to hold up a job.
"""

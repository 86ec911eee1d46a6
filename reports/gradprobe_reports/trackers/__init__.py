"""The trackers that a report can be sent to: one file each, and what they have in common."""

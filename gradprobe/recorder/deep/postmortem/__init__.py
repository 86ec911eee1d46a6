"""After a backward that raised: the graph still stands, and tells which saved tensor was freed or overwritten."""

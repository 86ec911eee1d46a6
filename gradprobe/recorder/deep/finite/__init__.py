"""Where a NaN or an infinity is born: by operation in deep steps, by what the graph has saved in all others."""

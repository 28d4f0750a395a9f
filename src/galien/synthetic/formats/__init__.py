"""Writers of the real formats, one module each. They know the format and nothing of the scenarios."""

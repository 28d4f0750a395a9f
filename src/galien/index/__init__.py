"""Words, filters and facets: the index port and its embedded adapter."""

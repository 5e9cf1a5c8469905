"""SQL text: read into tokens and trees, and compared by meaning."""

"""Use cases: one class for each noun, with one public method for each use case."""

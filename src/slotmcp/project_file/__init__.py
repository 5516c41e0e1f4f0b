"""The project file: YAML in, YAML out, with the line of every mistake."""

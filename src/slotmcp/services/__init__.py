"""What you can do: one class a noun, one public method a use case."""

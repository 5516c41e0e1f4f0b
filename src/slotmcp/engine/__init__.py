"""What is free: pure functions over a book; now is an argument."""

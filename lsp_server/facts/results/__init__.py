"""What functions return as results, and who takes them for granted."""

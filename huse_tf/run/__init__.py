"""A run as a thing: its folder, how it is built, and how it is read back."""

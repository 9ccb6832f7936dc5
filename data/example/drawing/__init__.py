"""What draw.py draws the example catalogue with."""

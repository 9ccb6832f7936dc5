"""From strings to text features."""

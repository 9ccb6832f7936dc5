"""What makes a run: steps, validation, checkpoints, the story of a run."""

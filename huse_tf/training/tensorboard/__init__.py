"""What TensorBoard shows beside scalars: hyperparameters, projector, nearest items."""

"""A trained model as a SavedModel: built, verified, published as a version."""

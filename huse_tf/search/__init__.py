"""Search of a catalogue by words, by photo, or by both, in the universal space."""

"""What a run says of every product of a catalogue, written to files."""

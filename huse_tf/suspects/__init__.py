"""Rows of a catalogue that someone should look at, each with its evidence."""

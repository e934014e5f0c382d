"""Sequences: padded inputs, lengths, labels, raw bounds."""

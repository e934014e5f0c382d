"""Motion of a trained network: its states along data and the Jacobians of its state map."""

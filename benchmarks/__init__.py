"""Questions about speed and accuracy, answered by running them."""

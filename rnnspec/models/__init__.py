"""Networks: classifiers, and the one door from their weights to named matrices."""

"""Numbers over seeds: estimates with intervals, effect sizes and corrected p-values."""

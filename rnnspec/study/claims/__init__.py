"""The claims of a study: each has a rule, the numbers that decide it, and a sentence."""

"""PERTURBATION: threat models, noise, attacks, minimal perturbations, corruptions, curves."""

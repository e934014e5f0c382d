"""What makes sigma_min of many shifts fast, and certificates along a curve."""

"""Many runs: grids of trainings and what is measured on them."""

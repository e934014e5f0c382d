"""What people see: plots and tables."""

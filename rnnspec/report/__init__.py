"""What people see: tables, progress and the page."""

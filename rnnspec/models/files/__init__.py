"""What a file holds: its content tells how it is read, and nothing in it is ever executed.

Of networks the readers know only how weights and gates are named and stacked.
"""

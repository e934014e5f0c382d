"""What a file holds, told from its content; nothing in a file is ever executed."""

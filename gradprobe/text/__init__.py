"""Text for people: safe names, short numbers, sparklines. Standard library only, shared by screens and reports."""

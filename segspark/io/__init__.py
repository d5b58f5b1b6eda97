"""The only code that touches the world: sessions, Delta tables, source files, written reports."""

"""From source rows to accepted events and dimensions: mapping, rules, duplicates. Pure DataFrame functions."""

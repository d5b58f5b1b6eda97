"""From accepted events to one row of features per customer. Pure DataFrame functions, half-open in time."""

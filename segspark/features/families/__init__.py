"""Families of features: what each one is, how it is computed, what null and zero mean, how to say it to a person."""

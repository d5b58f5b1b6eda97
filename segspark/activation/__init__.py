"""Activation: what somebody outside hears of customers, and when."""

"""The meeting: a trained model with its classes, and how its scores are read.

model, class table, calibration ─▶ head ─▶ decisions
"""

"""Photos meet classes: a trained model with its classes, and how its scores become labels.

model, class table, calibration ─▶ head ─▶ decisions
"""

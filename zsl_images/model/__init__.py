"""The paper: features and attributes in one latent space, in pure tensors.

x ─▶ feature scaling ─▶ encoder ─▶ latent ─▶ decoder ─▶ generated x
                                     │
a ─▶ attribute scaling ─▶ prior ─▶ class prior ─▶ scores
"""

"""Training as an expert writes it by hand, and with Keras: the yardsticks that programs are held to.

For each framework a loop, and the networks that it trains; of DIGITS they know the sizes in the papers' tables.
"""

"""A rehearsal of alerts: what people would get in thirteen kinds of trouble, over real channels to receivers on this machine.

A scenario (scenarios.py) says what the sensors would report, and when, in simulated time. It is played (play.py) through the real
outbox, rules and notifiers; what arrived at the receivers (receivers.py) is counted and shown (page.py, document.py). The sensors
themselves are not part of it: their tests hold that they report so.
"""

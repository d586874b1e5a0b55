"""Rehearsal of alerts: the messages people would get in thirteen kinds of trouble, over real channels to local receivers.

A scenario (scenarios.py) states what the sensors would report, and when, in simulated time. It is played (play.py) through the
real outbox, rules and notifiers; what arrived at the receivers (receivers.py) is counted and shown (page.py, document.py). The
sensors themselves are tested elsewhere.
"""

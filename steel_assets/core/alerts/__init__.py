"""Decides when people are notified and what they read: conditions → incidents → cases → messages. No clock, no storage.

A ``Condition`` (conditions.py) states that something is wrong, or right, at one moment. Conditions about one thing over time make
an ``Incident`` (observing.py). Incidents of one cause (causes.py, subjects.py) make a ``Case``, which determines the messages
that are due (notifying.py, listing.py). All of this is one step (advance.py). A due message is in the ``AlertState`` until each
channel has sent it (alert_state.py). It is put into words (wording.py, naming.py, vocabulary.py) and into a notification
(message.py), acknowledged (acknowledging.py, tokens.py), and judged in hindsight (replay.py). Thresholds, words and channels are
data: ``catalog/alerts/`` and ``alerts:`` in ``catalog/rules.yaml``, whose form rules.py declares.
"""

"""When people are notified, and what they read: conditions → incidents → cases → messages. Pure: no clock, no storage.

What is wrong right now is a ``Condition`` (conditions.py). Conditions of one thing over time make an ``Incident`` (observing.py);
those of one cause (causes.py, subjects.py) make a ``Case``, whose course says which messages are due (notifying.py, listing.py);
all in one step (advance.py). A message that is due waits in the ``AlertState`` until every channel has it (alert_state.py), is
put into words (wording.py, naming.py, vocabulary.py) and into a notification (message.py), is acknowledged (acknowledging.py,
tokens.py), and can be judged in hindsight (replay.py). Thresholds, words and channels are data: ``catalog/alerts/`` and
``alerts:`` in ``catalog/rules.yaml`` (rules.py declares their shape).
"""

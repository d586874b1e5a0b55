"""When people are called, and what they are told: conditions → incidents → cases → messages, all pure.

What is wrong right now is a ``Condition`` (conditions.py). Conditions of one thing over time make an ``Incident`` (observing.py);
those of one cause (causes.py, subjects.py) make a ``Case``, whose course says what is worth telling (telling.py, listing.py), all
in one step (advance.py). What is to be told waits in the ``AlertState`` until every channel has it (alert state.py), is put into
words (wording.py, naming.py) and into a notification (message.py), is answered (handing.py, tokens.py), and can be judged in
hindsight (replay.py). Which thresholds, words and channels is data: ``catalog/alerts/`` and ``alerts:`` in
``catalog/rules.yaml`` (rules.py declares their shape).
"""

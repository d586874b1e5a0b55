"""When people are called, and what they are told: conditions → incidents → messages, all pure.

What is wrong right now is a ``Condition`` (conditions.py). Conditions of one thing over time make an ``Incident``, whose
course says what is worth telling (incidents.py, advance.py). What is to be told waits in the ``Book`` until every channel
has it (book.py), is put into words (message.py), and can be judged in hindsight (replay.py). Which thresholds and which
channels is data: ``catalog/alerts/`` and ``alerts:`` in ``catalog/rules.yaml`` (rules.py declares their shape).
"""

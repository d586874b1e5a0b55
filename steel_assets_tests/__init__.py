"""Tests, measurements and the servers they need. Importing any of it first puts what is the user's out of reach."""

from steel_assets_tests.isolation import isolate

isolate()

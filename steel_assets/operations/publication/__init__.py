"""The parts of a publication, one reader each: from the lake and the warehouse into the shape that the service hands out.

``operations/publishing.py`` puts them together and publishes them; nobody else reads the stores for the service.
"""

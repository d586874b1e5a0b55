"""The parts of a published snapshot, one module each: reads lake and warehouse, returns JSON values for the service.

``operations/publishing.py`` combines and publishes them. The service itself reads neither lake tables nor warehouse.
"""

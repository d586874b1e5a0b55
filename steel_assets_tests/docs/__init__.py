"""The documentation as a site (``make docs``): what its pages say is generated, checked and run from here."""

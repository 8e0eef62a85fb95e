"""What may be registered about a client: ``rules`` reads a document by a file for each part."""

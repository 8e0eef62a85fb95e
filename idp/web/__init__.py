"""What browsers and clients speak to: pages, machine endpoints, and the headers around them."""

"""The role that holds waiting browsers: it says ``changed``, never data, and costs no worker."""

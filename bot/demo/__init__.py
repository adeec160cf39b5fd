"""The demo: name server, mail server and Discord inside one process, without any network."""

"""The ALVH method, one idea a file."""

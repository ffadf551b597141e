"""The tests: a folder for each package of the gateway, and beside them what several folders share."""

"""Real Apache with PHP, real nginx and real Chromium on loopback, each wrong configuration as a real one."""

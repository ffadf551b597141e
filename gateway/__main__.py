"""`python -m gateway` is `cors-gateway`."""

from gateway.cli import main

if __name__ == "__main__":
    main()

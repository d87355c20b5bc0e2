"""`python -m zsl_images` is `zsl`."""

from zsl_images.cli import app

if __name__ == "__main__":
    app(prog_name="zsl")

"""The pictures: marks, layers and the painter. numpy and Pillow, no Qt."""

"""The reference backend: numpy only, short and plain. It is the specification that every other backend is held to."""

//! Load, decide, make durable, then act: ties the deciding rooms to time and disk.

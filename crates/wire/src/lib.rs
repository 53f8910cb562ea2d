//! The AWS protocols: bytes to commands and back.

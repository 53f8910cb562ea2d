//! Who gets what and when: batches, retries, bisect, dead letters, queue visibility.

"""Programs of others that benchmarks run beside ours, where they are at hand."""

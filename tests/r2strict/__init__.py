"""A store that behaves as Cloudflare R2 does: a proxy in front of seaweedfs, with R2's rules and with faults.

For tests, benchmarks and soaks. Every rule comes from Cloudflare's documentation or from what users report;
none was measured, because no real bucket was within reach. So what passes here may still fail there.
"""

import TestSupport

/// The keyspace of these tests, and not the protocol of the same name.
typealias Keyspace = OutpostKeyspace

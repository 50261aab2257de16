/// A pipeline whose commands name the key that they are about, so that a cluster can send each to the right node.
///
/// On one server it is that pipeline and nothing more.
public struct RoutedCommands: Sendable {
    /// Commands in a row that go to one slot.
    struct Run: Sendable {
        var slot: Slot
        var commands: CommandBuffer
    }

    /// All commands, for one server; empty for a cluster.
    private(set) var commands = CommandBuffer()
    /// The runs, for a cluster; empty for one server.
    private(set) var runs: [Run] = []
    /// Whether each command goes to the master of its key.
    public let isRouted: Bool

    /// An empty pipeline for a keyspace; on one server with room for about so many bytes.
    public init(for keyspace: any Keyspace, reserving byteCount: Int = 0) {
        isRouted = keyspace.isCluster
        if byteCount > 0, !isRouted { commands = CommandBuffer(reserving: byteCount) }
    }

    /// Whether there is no command.
    public var isEmpty: Bool { commands.isEmpty && runs.isEmpty }

    /// Adds the commands about a key; all of them go to one node, in one piece.
    public mutating func add(for key: Bytes, _ build: (inout CommandBuffer) throws -> Void) rethrows {
        guard isRouted else { return try build(&commands) }
        var run = Run(slot: Slot(of: key), commands: CommandBuffer())
        try build(&run.commands)
        runs.append(run)
    }

    /// Adds one command about a key: the key is its only argument.
    public mutating func append(_ name: StaticString, _ key: Bytes) {
        add(for: key) { $0.append(name, key) }
    }

    /// Adds one command about a key: the key is its first argument.
    public mutating func append(_ name: StaticString, _ key: Bytes, _ argument: Bytes) {
        add(for: key) { $0.append(name, key, argument) }
    }

    /// Adds one command about a key: the key is its first argument.
    public mutating func append(_ name: StaticString, _ key: Bytes, _ arguments: Bytes...) {
        add(for: key) { $0.append(name, [key] + arguments) }
    }

    /// Adds one command about a key that stands behind the name of a subcommand.
    public mutating func append(_ name: StaticString, key: Bytes, behind subcommand: StaticString) {
        add(for: key) { $0.append(name, subcommand, key) }
    }
}

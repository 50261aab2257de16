/// Where a password comes from: asked at each connection, so that one that has changed is found.
public struct SecretSource: Sendable {
    private let ask: @Sendable () throws -> String?

    /// A source that may give another answer each time; nil for no password.
    ///
    /// What it throws is what opening the connection throws: best a `RedisError` of the code `misconfigured`.
    public init(_ ask: @escaping @Sendable () throws -> String?) {
        self.ask = ask
    }

    /// A source that always gives the same answer.
    public init(_ secret: String?) {
        self.init { secret }
    }

    /// The password as it is now; nil for none.
    func read() throws -> String? {
        try ask()
    }
}

extension SecretSource: CustomStringConvertible, CustomReflectable {
    /// Never the secret.
    public var description: String { "(secret)" }

    /// A mirror without children, so that `dump` finds nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

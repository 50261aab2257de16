/// All samples of one name, as Prometheus' text format has them.
///
/// Names follow prometheus.io/docs/practices/naming: the program first, base units, `_total` for what only grows.
public struct MetricFamily: Sendable, Equatable {
    /// How a number behaves.
    public enum Kind: String, Sendable {
        /// It only grows, and begins at 0 with the process.
        case counter
        /// It goes up and down.
        case gauge
    }

    /// One number.
    public struct Sample: Sendable, Equatable {
        /// What tells it from the others of its name, in a fixed order.
        public var labels: [Label]
        /// The number.
        public var value: Double

        /// A number with its labels.
        public init(_ labels: KeyValuePairs<String, String> = [:], _ value: Double) {
            self.labels = labels.map { Label(name: $0.key, value: $0.value) }
            self.value = value
        }
    }

    /// One word of what a sample is about.
    public struct Label: Sendable, Equatable {
        /// The label's name.
        public var name: String
        /// Any text.
        public var value: String
    }

    /// The name, without the program's.
    public var name: String
    /// How it behaves.
    public var kind: Kind
    /// What it is, in a sentence.
    public var help: String
    /// The samples; a family without any is not written.
    public var samples: [Sample]

    /// A family of its parts.
    public init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// A family of one number; nil for one that is not known.
    public init(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
        self.init(name, kind, help, value.map { [Sample([:], $0)] } ?? [])
    }
}

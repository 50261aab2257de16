import RedisClient

/// One pair: an old key and the new key that takes its place.
public struct KeyMove: Sendable, Hashable {
    /// What the key holds, for people: `tenant`, `destination`.
    public var kind: String
    /// The type that keys of this kind have; one of another type is unrelated.
    public var type: ValueType
    /// The old name.
    public var source: Bytes
    /// The new name.
    public var destination: Bytes

    /// A pair of one kind.
    public init(kind: String, type: ValueType = .hash, source: Bytes, destination: Bytes) {
        self.kind = kind
        self.type = type
        self.source = source
        self.destination = destination
    }

    /// By the old name alone, in one piece: an array is hashed element by element.
    public func hash(into hasher: inout Hasher) {
        source.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

/// How a name can be understood.
public enum NameReading: Sendable, Hashable {
    /// It is the old name of a pair.
    case source(KeyMove)
    /// It is the new name of a pair.
    case destination(KeyMove)

    /// The pair.
    public var move: KeyMove {
        switch self {
        case .source(let move), .destination(let move): return move
        }
    }
}

extension NameReading {
    /// Whether the name is an old one.
    var isSource: Bool {
        if case .source = self { return true }
        return false
    }
}

/// One field that is looked up to decide between readings.
public struct FieldQuestion: Sendable, Hashable {
    /// The hash.
    public var key: Bytes
    /// The field.
    public var field: Bytes

    /// A question for one field of one hash.
    public init(key: Bytes, field: Bytes) {
        self.key = key
        self.field = field
    }
}

/// What the name alone says of a key.
public enum NameMatch: Sendable, Hashable {
    /// It fits no pattern.
    case unrelated
    /// It can be read in one way only.
    case certain(NameReading)
    /// The answers to these questions decide.
    case open([FieldQuestion])
}

/// One field with a value that it may have.
public struct FieldAnswer: Sendable, Hashable {
    /// The field.
    public var question: FieldQuestion
    /// The value; a part of the name most often, and so not copied.
    public var answer: ArraySlice<UInt8>

    /// A field and its value.
    public init(_ question: FieldQuestion, answer: ArraySlice<UInt8>) {
        self.question = question
        self.answer = answer
    }
}

/// The pair whose copy a name most likely is, and what would show that it is something else.
///
/// Two promises about `decide`. If none of the fields has the value that refutes, it says that the name is the pair's new
/// one, that it is likely to be, or that nothing decides between that and others. If the proof is there too, it says that
/// the name is the new one, or is likely to be.
///
/// One reference, since it is handed on a few times for every name; and what is not always asked is put together only when it
/// is.
public protocol LikelyCopy: AnyObject, Sendable {
    /// The name.
    var destination: Bytes { get }
    /// What it holds; see `KeyMove.kind`.
    var kind: String { get }
    /// The type that keys of this kind have.
    var type: ValueType { get }
    /// The pair; put together at every call.
    var move: KeyMove { get }
    /// How many fields could refute it.
    var refutationCount: Int { get }
    /// How many of them are of the name's own key.
    var ownRefutations: Int { get }
    /// A field with the value that refutes, those of the name's own key first; put together at every call.
    func refutation(at index: Int) -> FieldAnswer
    /// What proves it where nothing refutes; put together at every call.
    var proof: FieldAnswer { get }
    /// The pair to whose new key that field belongs; nil if it is the name's own key. Put together at every call.
    var proofMove: KeyMove? { get }
}

extension LikelyCopy {
    /// Whether the proof is a field of the name's own key.
    var provesItself: Bool { proofMove == nil }

    /// The fields that could refute it, each with the value that does.
    public var refutations: [FieldAnswer] { (0..<refutationCount).map(refutation) }
}

/// What name and content together say of a key.
public enum NameVerdict: Sendable, Hashable {
    /// It fits no pattern.
    case unrelated
    /// It is this: by the name alone, or by its own content.
    case reading(NameReading)
    /// It fits these readings, its own content does not decide, and records of other keys speak for one of them.
    ///
    /// That is evidence and no proof: such a record may come and go. What the ledger says goes before it.
    case likely(NameReading, among: [NameReading], by: NameEvidence)
    /// It fits these readings, and neither its content nor any other key decides.
    case ambiguous([NameReading])
}

/// The record of another key that speaks for one reading of a name.
public enum NameEvidence: Sendable, Hashable {
    /// A record under its old name: its owner has not moved yet.
    case sourceRecord
    /// A record under its new name, which is the destination of this move. If this program copied it, it says no more
    /// than the record under the old name.
    case destinationRecord(KeyMove)
}

/// Which keys a migration moves: pure functions of names, and of the few fields that decide where names do not.
public protocol KeyMoves: Sendable {
    /// What every old and every new name begins with.
    var prefix: Bytes { get }

    /// What a name alone says.
    func match(_ name: Bytes) -> NameMatch

    /// The pair whose copy the name most likely is; nil where it is not to be told so easily. It saves questions: of such
    /// names no more is asked than whether their source is there, and what could refute them.
    func likelyCopy(_ name: Bytes) -> (any LikelyCopy)?

    /// What the name says together with the answers to its questions, in their order; nil for what is not there.
    func decide(_ name: Bytes, answers: [Bytes?]) -> NameVerdict
}

extension KeyMoves {
    /// All names are asked about alike.
    public func likelyCopy(_ name: Bytes) -> (any LikelyCopy)? { nil }
}

extension KeyMoves {
    /// How a name may be understood while nothing else is known: no field and no other key.
    func readings(byNameAlone name: Bytes) -> [NameReading] {
        let verdict: NameVerdict =
            switch match(name) {
            case .unrelated: .unrelated
            case .certain(let reading): .reading(reading)
            case .open(let questions): decide(name, answers: [Bytes?](repeating: nil, count: questions.count))
            }
        switch verdict {
        case .unrelated: return []
        case .reading(let reading), .likely(let reading, _, _): return [reading]
        case .ambiguous(let readings): return readings
        }
    }
}

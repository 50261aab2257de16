import RedisClient

/// A hash as fields and values, in the order of the reply.
struct HashContent {
    /// A field with its value.
    struct Field {
        var name: Bytes
        var value: Bytes
        /// When it ends by itself, in milliseconds since 1970; nil for never.
        var end: Int64?
    }

    /// All fields that have not ended.
    var fields: [Field] = []
    /// Fields that end until then, in milliseconds since 1970, are about to go and are not compared.
    var horizon: Int64 = 0

    /// The fields that are compared.
    var compared: some Sequence<Field> {
        fields.lazy.filter { field in field.end.map { $0 > horizon } ?? true }
    }

    /// The content in HGETALL's reply, of a hash whose fields do not end.
    init(_ reply: Reply) {
        var elements = reply.elements
        while let field = elements.next()?.bytes, let value = elements.next()?.bytes {
            fields.append(Field(name: field, value: value))
        }
    }

    /// The content in HGETALL's reply, with what HPEXPIRETIME said of fields; nil where one was not asked for.
    init?(_ reply: Reply, ends: Reply?, of names: [Bytes], horizon: Int64) {
        let numbers = ends.map { $0.elements.map { $0.integer ?? -2 } } ?? []
        guard numbers.count == names.count else { return nil }
        self.horizon = horizon
        // Names and fields have one order as long as nothing changes.
        let inOrder = zip(names, numbers)
        var known: [Bytes: Int64]?
        var next = inOrder.makeIterator()
        for field in HashContent(reply).fields {
            let end: Int64
            if known == nil, let (name, number) = next.next(), name == field.name {
                end = number
            } else {
                let all = known ?? Dictionary(inOrder.map { ($0, $1) }) { first, _ in first }
                known = all
                guard let number = all[field.name] else { return nil }
                end = number
            }
            // What is no field any more has ended between the two commands.
            if end != -2 { fields.append(Field(name: field.name, value: field.value, end: end == -1 ? nil : end)) }
        }
    }

    /// The values of these fields.
    func values(of names: [Bytes]) -> [Bytes?] {
        names.map { name in fields.first { $0.name == name }?.value }
    }

    /// Sets fields to new values; what ended by itself still does.
    mutating func apply(_ changes: [FieldChange]) {
        for change in changes {
            if let index = fields.firstIndex(where: { $0.name == change.field }) {
                fields[index].value = change.value
            } else {
                fields.append(Field(name: change.field, value: change.value))
            }
        }
    }

    /// Applies rewrites in order, and returns all changes; what one of them cannot convert it leaves alone, and its own
    /// migration reports it.
    mutating func rewrite(_ rewrites: [any FieldRewrites], kind: String) -> HashWrite {
        var all: [FieldChange] = []
        for rewrite in rewrites where rewrite.kinds.contains(kind) {
            if case .change(let changes) = rewrite.rewrite(values(of: rewrite.fields), kind: kind) {
                apply(changes)
                all += changes
            }
        }
        return write(all)
    }

    /// What it takes to make these changes.
    func write(_ changes: [FieldChange]) -> HashWrite {
        var write = HashWrite(changes: changes)
        for field in fields {
            if let end = field.end, changes.contains(where: { $0.field == field.name }) {
                write.ends.append((field.name, end))
            }
        }
        return write
    }
}

import TestSupport

/// Whose record a hash is: a tenant's own, its summary, or one of its destinations; and which of those that had the name.
///
/// Every record carries it in the field `owner`, which the programs know nothing of.
struct Owner: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case tenant
        case summary
        case destination(String)
    }

    /// The field's name.
    static let field = "owner"

    var tenant: String
    var kind: Kind
    /// Tells a record from another one that was made under the same name after it.
    var serial = 0

    init(_ tenant: String, _ kind: Kind, serial: Int = 0) {
        self.tenant = tenant
        self.kind = kind
        self.serial = serial
    }

    /// What the field holds, read; nil where it is not such a text.
    init?(mark: String) {
        let parts = mark.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, let tenant = Self.text(hex: parts[1]), let destination = Self.text(hex: parts[2]),
            let serial = Int(parts[3])
        else { return nil }
        switch parts[0] {
        case "tenant": kind = .tenant
        case "summary": kind = .summary
        case "destination": kind = .destination(destination)
        default: return nil
        }
        self.tenant = tenant
        self.serial = serial
    }

    /// What the field holds.
    var mark: String {
        switch kind {
        case .tenant: "tenant/\(Self.hex(tenant))//\(serial)"
        case .summary: "summary/\(Self.hex(tenant))//\(serial)"
        case .destination(let id): "destination/\(Self.hex(tenant))/\(Self.hex(id))/\(serial)"
        }
    }

    /// The name before version 1.
    var oldName: String {
        switch kind {
        case .tenant: "tenant:\(tenant)"
        case .summary: "tenant:\(tenant):destinations"
        case .destination(let id): "tenant:\(tenant):destination:\(id)"
        }
    }

    /// The name from version 1 on.
    var newName: String {
        switch kind {
        case .tenant: "tenant:{\(tenant)}:tenant"
        case .summary: "tenant:{\(tenant)}:destinations"
        case .destination(let id): "tenant:{\(tenant)}:destination:\(id)"
        }
    }

    /// The record without its generation.
    var anySerial: Owner { Owner(tenant, kind) }

    /// The fields of a new record; `value` is what the application changes later.
    func fields(value: String = "0") -> [String: String] {
        switch kind {
        case .tenant:
            [
                "id": tenant, Self.field: mark, "n": value, "created_at": "2024-05-06T07:08:09Z",
                "updated_at": "2024-05-06T07:08:09Z", "topics": "*",
            ]
        case .summary: [Self.field: mark, "n": value, "d1": #"{"type":"webhook"}"#]
        case .destination(let id):
            [
                "id": id, Self.field: mark, "n": value, "type": "webhook", "created_at": "2024-05-06T07:08:09Z",
                "updated_at": "2024-05-06T07:08:09Z", "credentials": "secret of \(tenant)",
            ]
        }
    }

    private static func hex(_ text: String) -> String {
        text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func text(hex: String) -> String? {
        let digits = hex.compactMap(\.hexDigitValue).map { UInt8($0) }
        guard digits.count == hex.count, digits.count.isMultiple(of: 2) else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] * 16 + digits[$0 + 1] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

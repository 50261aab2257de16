import Glibc

/// A regular file, read whole, with what must be known about who else can read or write it.
struct BoundedFile {
    let bytes: [UInt8]
    let owner: UInt32
    let group: UInt32
    let mode: UInt32

    /// Anybody can read it.
    var isReadableByAll: Bool { mode & 0o004 != 0 }

    /// Somebody besides its owner and the group root can read it.
    var isReadableByOthers: Bool { isReadableByAll || (mode & 0o040 != 0 && group != 0) }

    /// Somebody besides its owner can write it.
    var isWritableByOthers: Bool { mode & 0o022 != 0 }

    /// Reads a file of at most `limit` bytes. Facts and content are those of one open file, whatever happens to its
    /// name meanwhile; a pipe or a device is refused without waiting for it.
    static func read(_ path: String, limit: Int) throws(FileFault) -> BoundedFile {
        // A NUL would end the name early and open another file.
        guard !path.utf8.contains(0) else { throw FileFault(path: path, reason: "has a NUL in its name") }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw FileFault(path: path, code: errno) }
        defer { close(descriptor) }

        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw FileFault(path: path, code: errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw FileFault(path: path, reason: "is not a regular file") }
        // One byte more than allowed shows that there is more; the size in the facts may change meanwhile.
        let bytes = try content(of: descriptor, path: path, limit: limit + 1)
        guard bytes.count <= limit else {
            throw FileFault(path: path, reason: "is larger than \(ByteText.format(limit))")
        }
        return BoundedFile(
            bytes: bytes,
            owner: facts.st_uid,
            group: facts.st_gid,
            mode: facts.st_mode & 0o7777
        )
    }

    private static func content(of descriptor: Int32, path: String, limit: Int) throws(FileFault) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(limit, 65_536))
        while bytes.count < limit {
            let wanted = min(buffer.count, limit - bytes.count)
            let count = Glibc.read(descriptor, &buffer, wanted)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileFault(path: path, code: errno) }
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return bytes
    }
}

/// A file cannot be used.
struct FileFault: Error, Equatable {
    let path: String
    /// The rest of a sentence that begins with the file: "cannot be read: Permission denied".
    let reason: String
    private var code: Int32 = 0

    init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    init(path: String, code: Int32) {
        self.path = path
        self.code = code
        self.reason = "cannot be read: \(String(cString: strerror(code)))"
    }

    /// There is no such file.
    var isMissing: Bool { code == ENOENT || code == ENOTDIR }

    /// There may be one, for others.
    var isForbidden: Bool { code == EACCES || code == EPERM }
}

extension BoundedFile {
    /// The content as text, without a byte order mark; nil if it is not UTF-8.
    var text: String? {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return String(validating: bytes.starts(with: mark) ? bytes[3...] : bytes[...], as: UTF8.self)
    }
}

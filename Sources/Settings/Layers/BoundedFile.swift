import Glibc

/// A regular file, read whole, with what must be known about who else can read or write it.
struct BoundedFile {
    let bytes: [UInt8]
    let owner: UInt32
    let group: UInt32
    let mode: UInt32
    /// It is in /proc, where what belongs to one user holds what another wrote.
    var isOfKernel = false

    /// Anybody can read it.
    var isReadableByAll: Bool { mode & 0o004 != 0 }

    /// Somebody besides its owner and the group root can read it.
    var isReadableByOthers: Bool { isReadableByAll || (mode & 0o040 != 0 && group != 0) }

    /// Somebody besides its owner can write it.
    var isWritableByOthers: Bool { mode & 0o022 != 0 }

    /// Nobody but this user and root can have written it.
    func isWrittenOnly(by user: UInt32) -> Bool {
        Self.isWrittenOnly(by: user, owner: owner, mode: mode) && !isOfKernel
    }

    private static func isWrittenOnly(by user: UInt32, owner: UInt32, mode: UInt32) -> Bool {
        (owner == user || owner == 0) && mode & 0o022 == 0
    }

    /// Reads a file of at most `limit` bytes. Facts and content are those of one open file, whatever happens to its
    /// name meanwhile; a pipe or a device is refused without waiting for it.
    static func read(_ path: String, limit: Int) throws(FileFault) -> BoundedFile {
        // A NUL would end the name early and open another file.
        guard !path.utf8.contains(0) else { throw FileFault(path: path, reason: "has a NUL in its name") }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw FileFault(path: path, code: errno) }
        defer { close(descriptor) }
        return try read(descriptor, path: path, limit: limit)
    }

    /// Reads a file that nobody named, if nobody but this user and root can have written it or put it there.
    ///
    /// No link is followed: who may write it is asked of the file that lies there, and of its directory.
    static func readFound(_ path: String, by user: UInt32, limit: Int) throws(FileFault) -> BoundedFile {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let directoryPath = parts.count == 1 ? "." : parts.dropLast().joined(separator: "/") + "/"
        let directory = open(directoryPath, openPathOnly | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw FileFault(path: path, code: errno) }
        defer { close(directory) }
        let name = String(parts.last ?? "")
        let descriptor = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
        guard descriptor >= 0 else {
            guard errno == ELOOP else { throw FileFault(path: path, code: errno) }
            throw FileFault(path: path, reason: "is a symbolic link")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(directory, &facts) == 0 else { throw FileFault(path: path, code: errno) }
        guard isWrittenOnly(by: user, owner: facts.st_uid, mode: facts.st_mode) else {
            throw FileFault(path: path, reason: "lies in a directory in which others can write")
        }
        let file = try read(descriptor, path: path, limit: limit)
        guard file.isWrittenOnly(by: user) else {
            throw FileFault(path: path, reason: "can be written by others")
        }
        return file
    }

    private static func read(_ descriptor: Int32, path: String, limit: Int) throws(FileFault) -> BoundedFile {
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
            mode: facts.st_mode & 0o7777,
            isOfKernel: isInProc(facts)
        )
    }

    private static func isInProc(_ facts: stat) -> Bool {
        var proc = stat()
        return stat("/proc", &proc) == 0 && proc.st_dev == facts.st_dev
    }

    /// O_PATH of open(2), which Swift's module of the C library leaves out: a directory that may only be searched will do.
    private static let openPathOnly: Int32 = 0o10_000_000

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

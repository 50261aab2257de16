import Glibc

/// Who can decide which file a path leads to.
///
/// A file that root alone can write may still hold another's words: a print job, a mail, what a service keeps for its
/// users. Whoever has a directory on the way chooses which of those files is read, by a link or another name of it.
enum Whereabouts {
    /// Nobody but this user and root can change where the path leads: no step of it, nor of a link in it, is taken in a
    /// directory in which others can write.
    ///
    /// What holds once cannot be undone by others, so it need not be asked at the moment at which the file is opened.
    static func areDecidedOnly(by user: UInt32, path: String) -> Bool {
        guard !path.utf8.contains(0), let start = path.hasPrefix("/") ? "/" : workingDirectory else { return false }
        var ahead = steps(start + "/" + path)
        // Without links in it.
        var walked = ""
        var links = 0
        while let name = ahead.popLast() {
            guard name != ".." else {
                walked = walked.lastIndex(of: "/").map { String(walked[..<$0]) } ?? ""
                continue
            }
            guard let directory = facts(walked.isEmpty ? "/" : walked), let entry = facts(walked + "/" + name),
                isKept(entry, in: directory, by: user)
            else { return false }
            guard entry.st_mode & S_IFMT == S_IFLNK else {
                walked += "/" + name
                continue
            }
            links += 1
            // As many as Linux follows.
            guard links <= 40, let target = target(of: walked + "/" + name) else { return false }
            if target.hasPrefix("/") { walked = "" }
            ahead += steps(target)
        }
        return true
    }

    /// Others can neither remove the entry nor put one in its place. In a directory such as /tmp that holds for
    /// directories of one's own, and not for files: others can give a file another name there, by a hard link.
    private static func isKept(_ entry: stat, in directory: stat, by user: UInt32) -> Bool {
        func isOurs(_ facts: stat) -> Bool { facts.st_uid == user || facts.st_uid == 0 }
        guard isOurs(directory) else { return false }
        guard directory.st_mode & 0o022 != 0 else { return true }
        return directory.st_mode & S_ISVTX != 0 && entry.st_mode & S_IFMT == S_IFDIR && isOurs(entry)
    }

    /// The steps of a path, the first one last.
    private static func steps(_ path: String) -> [String] {
        path.split(separator: "/").map(String.init).filter { $0 != "." }.reversed()
    }

    private static func facts(_ path: String) -> stat? {
        var facts = stat()
        return lstat(path, &facts) == 0 ? facts : nil
    }

    private static func target(of link: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { bytes in
                bytes.baseAddress.map { readlink(link, $0, bytes.count) } ?? 0
            }
        }
        guard count > 0, count < buffer.count else { return nil }
        return String(validating: buffer[..<count], as: UTF8.self)
    }

    private static var workingDirectory: String? {
        guard let path = getcwd(nil, 0) else { return nil }
        defer { free(path) }
        return String(validatingCString: path)
    }
}

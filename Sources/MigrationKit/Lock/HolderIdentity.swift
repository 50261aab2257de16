import FoundationEssentials
import Glibc

/// Who this process is to others that find its lock.
public struct HolderIdentity: Sendable, Equatable {
    /// 128 random bits in hexadecimal: what makes the lock ours.
    public var token: String
    /// The host's name.
    public var host: String
    /// What distinguishes several of our processes on one host, such as a unit's instance.
    public var instance: String
    /// The process id.
    public var processID: Int32
    /// The kernel's random id of this boot; empty where it cannot be read.
    public var bootID: String
    /// The process id namespace; empty where it cannot be read.
    public var processNamespace: String
    /// The program's version.
    public var version: String
    /// When the process began, in the kernel's ticks since the boot: tells it from a later one with the same number.
    public var processStart: Int64?
    /// The person who runs it, for the history; nil for a program that works by itself.
    public var person: String?

    /// An identity made of its parts.
    public init(
        token: String,
        host: String,
        instance: String,
        processID: Int32,
        bootID: String,
        processNamespace: String,
        version: String,
        processStart: Int64? = nil
    ) {
        self.processStart = processStart
        self.token = token
        self.host = host
        self.instance = instance
        self.processID = processID
        self.bootID = bootID
        self.processNamespace = processNamespace
        self.version = version
    }

    /// Host and instance, for people.
    var place: String { instance.isEmpty ? host : "\(host)/\(instance)" }

    /// Host, instance and process, as what is said of a lock's holder begins.
    public var holder: String { "\(place) (process \(processID))" }

    /// This process, with a new token.
    public static func current(instance: String, version: String, person: String? = nil) -> HolderIdentity {
        var identity = HolderIdentity(
            token: randomToken(),
            host: hostName(),
            instance: instance,
            processID: getpid(),
            bootID: firstLine(of: "/proc/sys/kernel/random/boot_id"),
            processNamespace: link("/proc/self/ns/pid"),
            version: version,
            processStart: start(of: getpid())
        )
        identity.person = person
        return identity
    }

    /// When a process of this namespace began; nil where that is not to be known.
    ///
    /// Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html (field 22; the name, field 2, may hold anything).
    public static func start(of processID: Int32) -> Int64? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(processID)/stat") else { return nil }
        let behindName = String(decoding: data, as: UTF8.self).split(separator: ")").last ?? ""
        let fields = behindName.split(separator: " ")
        return fields.count > 19 ? Int64(fields[19]) : nil
    }

    /// 128 random bits in hexadecimal.
    static func randomToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func firstLine(of path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data.prefix { $0 != 10 }, as: UTF8.self)
    }

    private static func link(_ path: String) -> String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? ""
    }
}

import Foundation

/// Finds TCP ports that nobody uses.
public enum FreePort {
    /// A port of 127.0.0.1 that was free a moment ago; whoever takes it must be ready for a clash.
    ///
    /// With `clusterBus` the port 10,000 above it, which Redis uses in a cluster, was free as well.
    public static func find(clusterBus: Bool = false) throws -> Int {
        for _ in 0..<100 {
            guard let port = listen(on: 0) else { break }
            if !clusterBus || port <= 55_535 && listen(on: port + 10_000) != nil { return port }
        }
        throw TestSupportError("There is no free port on 127.0.0.1.")
    }

    /// Takes a free port: its number, and the socket that listens on it.
    public static func take() throws -> (number: Int, descriptor: Int32) {
        guard let taken = open(on: 0), Foundation.listen(taken.descriptor, 64) == 0 else {
            throw TestSupportError("There is no free port on 127.0.0.1.")
        }
        return taken
    }

    /// Whether somebody listens on a port of 127.0.0.1.
    static func isTaken(_ port: Int) -> Bool { listen(on: port) == nil }

    /// Binds the port (0: any) for a moment, and gives its number; nil when it is taken.
    private static func listen(on port: Int) -> Int? {
        guard let taken = open(on: port) else { return nil }
        close(taken.descriptor)
        return taken.number
    }

    private static func open(on port: Int) -> (number: Int, descriptor: Int32)? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else {
            close(descriptor)
            return nil
        }
        return (Int(in_port_t(bigEndian: address.sin_port)), descriptor)
    }
}

import MigrationKit
import Reconciler
import RedisClient
import Settings

/// Settings as the modules below take them.
public struct Wiring: Sendable {
    /// The settings, with where each came from.
    public let loaded: LoadedSettings

    /// One for all connections, which share what was read from the files.
    private let tls: TLSOptions?

    /// Wires settings.
    ///
    /// Errors: `RedisError.misconfigured` for files of TLS that cannot be used.
    public init(_ loaded: LoadedSettings) throws {
        self.loaded = loaded
        tls = Self.tls(loaded.settings.redis.tls)
        try tls?.check()
    }

    private static func tls(_ settings: Settings.TLS) -> TLSOptions? {
        guard settings.enabled else { return nil }
        return TLSOptions(
            authorities: settings.caFile,
            certificate: settings.certFile,
            key: settings.keyFile,
            passphraseFile: settings.keyPassphraseFile,
            serverName: settings.serverName,
            verifies: settings.verify
        )
    }

    private var settings: Settings { loaded.settings }

    /// The names of the deployment.
    public var names: KeyNames {
        KeyNames(deploymentID: settings.schema.deploymentID, isCluster: settings.redis.clusterEnabled)
    }

    /// How to reach Redis; the name is what CLIENT LIST shows.
    public func connection(clientName: String) -> ConnectionOptions {
        let redis = settings.redis
        var options = ConnectionOptions(
            endpoint: redis.socket.map(Endpoint.unix) ?? .tcp(host: redis.host, port: redis.port),
            username: redis.username,
            database: redis.database,
            clientName: clientName,
            tls: tls
        )
        options.limits.usual = Self.usualReplies
        options.isCluster = redis.clusterEnabled
        options.peerTrust = PeerTrust(redis.clusterHosts)
        options.password = password
        options.sentinels = sentinels
        return options
    }

    /// What is asked without knowing sizes is bookkeeping, names and single fields: more than this is none of ours, and memory
    /// takes three times as much while it is read.
    private static let usualReplies = 24 << 20

    /// The sentinels, if there are any; then host and port are not used.
    private var sentinels: Sentinels? {
        let redis = settings.redis
        guard let master = redis.sentinelMaster, !redis.sentinels.isEmpty else { return nil }
        var sentinels = Sentinels(redis.sentinels.map { .tcp(host: $0.host, port: $0.port) }, master: master)
        sentinels.username = redis.sentinelUsername
        if let path = redis.sentinelPasswordFile { sentinels.password = Self.secret(in: path) }
        return sentinels
    }

    /// The file that metrics go to; nil for none.
    public var metricsFile: String? { settings.metrics.textfile }

    /// A password that stands in a file of its own is read for each connection; any other stays until a reload.
    private var password: SecretSource {
        switch loaded.origin(of: "redis.password") {
        case .secretFile(let path)?, .credential(let path)?: return Self.secret(in: path)
        default: return SecretSource(settings.redis.password?.value)
        }
    }

    private static func secret(in path: String) -> SecretSource {
        SecretSource {
            do throws(SettingsError) {
                return try Settings.Secret(file: path).value
            } catch {
                throw RedisError(.misconfigured, "No password: \(error).", outcome: .notExecuted)
            }
        }
    }

    /// How the lock is held.
    public var lock: LockTimes {
        LockTimes(
            timeToLive: settings.lock.ttl,
            renewInterval: settings.lock.renewInterval,
            staleAfter: settings.lock.staleAfter
        )
    }

    /// How gently to treat the server.
    public var limits: Limits {
        Limits(
            batchTime: settings.limits.batchTime,
            keysPerSecond: settings.limits.keysPerSecond,
            keyBytes: settings.limits.keyBytes
        )
    }

    /// The version wanted; nil where nothing names one.
    public var target: Target? { Target(settings.schema) }

    /// What is wanted, with a target in the place of a missing one.
    public func desired(target: Target) -> Desired {
        Desired(
            target: target,
            gates: GatePolicy(
                applyNeedsApproval: settings.apply.approval == .required,
                cleanupNeedsApproval: settings.cleanup.approval == .required,
                soak: settings.cleanup.soak,
                saveWithin: settings.cleanup.requireSaveWithin
            ),
            follow: settings.reconcile.follow,
            allowsEviction: settings.redis.allowEviction
        )
    }

    /// All that a reconciler needs.
    public func reconciler(target: Target, clientName: String) -> ReconcilerConfiguration {
        ReconcilerConfiguration(
            connection: connection(clientName: clientName),
            names: names,
            lock: lock,
            limits: limits,
            desired: desired(target: target),
            interval: settings.reconcile.interval
        )
    }
}

extension Target {
    /// The version wanted; nil where nothing names one.
    public init?(_ schema: Settings.Schema) {
        switch schema.target {
        case .latest: self = .latest
        case .version(let version): self = .version(version)
        case nil: return nil
        }
    }
}

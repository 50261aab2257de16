import RedisClient

/// Knows how strained a walk's servers are; asks them once a second, and never in the first.
///
/// What is known when a walk begins costs nothing: it is in what the walk asks anyway.
final class WalkBrake {
    /// What to do now, and why; nil while nothing is the matter.
    private(set) var strain: WalkStrain?

    private var masters: [KeyspaceMaster]
    private var first: [ServerLoad]
    private var previous: [ServerLoad]
    private var now: [ServerLoad]
    private var found: (strain: ServerStrain, server: Int)?
    private var lastLook = ContinuousClock.now
    private var lastEviction: ContinuousClock.Instant?
    private var isJudged = false
    private var workedSince = ContinuousClock.now

    static let interval = Duration.seconds(1)
    /// How long no key must have been evicted until that counts as over.
    private static let calmAfterEvictions = Duration.seconds(10)
    /// The longest pause of a walk that is slowed.
    private static let longestPause = Duration.milliseconds(500)

    /// A brake for a walk over these servers.
    init(_ servers: KeyspaceServers) {
        masters = servers.masters.map(\.master)
        now = servers.masters.map(\.info.load)
        first = now
        previous = now
    }

    /// Asks the same servers by other connections from now on.
    func ask(_ masters: [KeyspaceMaster]) {
        if masters.count == self.masters.count { self.masters = masters }
    }

    /// Looks again if a second has passed, and judges; `needed` as in ``ServerStrain/judge(_:previous:first:needed:)``.
    func look(needed: @autoclosure () -> Int?) async throws {
        if lastLook.duration(to: .now) >= Self.interval {
            let loads = try await ServerLoad.read(from: masters)
            lastLook = .now
            previous = now
            now = loads
            watchEvictions()
        } else if isJudged {
            return
        }
        isJudged = true
        found = nil
        let needed = needed()
        for index in now.indices {
            guard
                let strain = ServerStrain.judge(
                    now[index],
                    previous: previous[index],
                    first: first[index],
                    needed: needed
                )
            else { continue }
            if found == nil || found?.strain.degree == .slowed && strain.degree == .stopped {
                found = (strain, index)
            }
        }
        strain = found.map { found in
            let place = masters.count > 1 ? "\(masters[found.server].connection.options.endpoint): " : ""
            return WalkStrain(found.strain.degree, place + found.strain.reason)
        }
    }

    /// Evictions count from the first reading that has them, and anew once there were none for a while.
    private func watchEvictions() {
        for index in now.indices where first[index].evictedKeys == nil { first[index] = now[index] }
        if zip(now, previous).contains(where: { ($0.evictedKeys ?? 0) > ($1.evictedKeys ?? .max) }) {
            lastEviction = lastLook
        }
        guard let last = lastEviction, last.duration(to: lastLook) >= Self.calmAfterEvictions else { return }
        lastEviction = nil
        first = now
    }

    /// How long a walk that is slowed rests now: as long as it has worked since it last did, so at half its rate.
    var rest: Duration { min(workedSince.duration(to: .now), Self.longestPause) }

    /// Work begins again.
    func goesOn() {
        workedSince = .now
    }

    /// What became of a stop that has lasted too long.
    func failure(after waited: Duration) -> MigrationError {
        guard let found else { return MigrationError(.serverStrained, "The server was strained for too long.") }
        return MigrationError(
            .serverStrained,
            "Stopped, since \(found.strain.reason) on \(masters[found.server].connection.options.endpoint), for "
                + "\(waited.milliseconds / 1000) s by now. \(found.strain.remedy) What is done is kept; it is tried again."
        )
    }
}

import Foundation
import TestSupport

/// One random keyspace on its way through the migrations: what people do, what applications do between, all from a seed.
struct Course {
    /// How it ended.
    struct Outcome: Sendable {
        var faults: [String]
        /// Whether the last run said that all is done.
        var hasConverged: Bool
        /// Whether nothing in it can be read in two ways.
        var isPlain: Bool
        /// What was done, as `redis-cli` and a shell take it.
        var script: [String]
    }

    private static let odd = ["a", "b", "{a}", "{b}", "{", "}", ":", "a:b", "destination", ":destination:", "tenant"]
    private static let plain = ["a", "b", "c", "destination", "tenant", "x1", "user-7"]

    private let world: World
    private let isPlain: Bool
    private var random: SplitMix64
    private var truth = Truth()
    private var tenants: [String] = []
    private var script: [String] = []
    private var faults: [String] = []
    private var value = 0
    /// Whether old instances write still: they must be gone before a cleanup.
    private var hasOldInstances = true
    private var writtenByNew: Set<Owner> = []

    init(in world: World, seed: UInt64) {
        self.world = world
        random = SplitMix64(seed: seed)
        isPlain = Int.random(in: 0..<5, using: &random) == 0
    }

    /// Plays it to the end, or to the first fault.
    mutating func play() async throws -> Outcome {
        try await world.wipe()
        tenants = (0..<Int.random(in: 1...4, using: &random)).map { _ in identifier(upTo: 2) }
        // Tenants that differ by braces are where one's new name is another's old one.
        if !isPlain, chance(1, of: 2) { tenants.append("{\(tenants[0])}") }
        for _ in 0..<Int.random(in: 2...10, using: &random) { try await create(isRaised: false) }
        var steps = 0
        while faults.isEmpty, steps < 6, try await !world.isRaised() {
            steps += 1
            let next =
                steps == 1
                ? ["apply", "converge"]
                : ["apply", "apply", "verify", "verify", "verify", "rollback", "converge", "resolve"]
            try await step(next)
        }
        for _ in 0..<Int.random(in: 1...4, using: &random) where faults.isEmpty {
            guard try await world.isRaised() else { break }
            try await step(["apply", "verify", "cleanup", "cleanup", "converge", "resolve"])
        }
        var hasConverged = false
        for _ in 0..<2 where faults.isEmpty {
            hasConverged = try await run(["converge", "--target", "3"]) == 0
            try await check()
            try await act()
        }
        if faults.isEmpty { hasConverged = try await run(["converge", "--target", "3"]) == 0 }
        try await check()
        return Outcome(
            faults: faults,
            hasConverged: hasConverged,
            isPlain: isPlain && !truth.hasRecordWithoutTenant,
            script: script
        )
    }

    // MARK: People

    private mutating func step(_ choices: [String]) async throws {
        switch choices.randomElement(using: &random) ?? "apply" {
        case "converge": _ = try await run(["converge"])
        case "resolve": if !isPlain { try await resolve() }
        case let phase: _ = try await run(World.phaseArguments(phase))
        }
        try await check()
        for _ in 0..<Int.random(in: 0...2, using: &random) where faults.isEmpty { try await act() }
    }

    /// A person who settles all that is held, without a look at it: so of these keys nothing is promised any more.
    private mutating func resolve() async throws {
        let held = try await world.run("status", "--held", World.migration, "--output", "json").standardOutput
        var reasons: Set<String> = []
        for line in held.split(separator: "\n") {
            guard let one = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else { continue }
            let names = [one["key"], one["destination"]].compactMap { $0 as? String }
            truth.settle(names: Set(names))
            if let reason = one["reason"] as? String { reasons.insert(reason) }
        }
        let side = chance(1, of: 2) ? "source" : "destination"
        for reason in reasons.sorted() {
            _ = try await run(
                ["resolve", World.migration, "--all", "--reason-is", reason, "--keep", side, "--force"]
            )
        }
    }

    private mutating func run(_ arguments: [String]) async throws -> Int32? {
        if arguments.contains("cleanup") || arguments.contains("converge") { hasOldInstances = false }
        let result = try await world.run(arguments, timeout: .seconds(20))
        script.append("migrateredis \(arguments.joined(separator: " "))   # \(result.termination)")
        return result.exitStatus
    }

    private mutating func check() async throws {
        guard faults.isEmpty else { return }
        faults = truth.faults(of: try await world.hashes(), isRaised: try await world.isRaised())
    }

    // MARK: Applications

    private mutating func act() async throws {
        let isRaised = try await world.isRaised()
        let known = truth.alive.keys.sorted { $0.serial < $1.serial }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: try await delete(known.filter { $0.kind == .tenant }.randomElement(using: &random), isRaised)
        case 1: try await delete(known.randomElement(using: &random), isRaised)
        case 2:
            let gone = truth.deleted.sorted { $0.serial < $1.serial }.filter { !truth.has($0) }
            if let owner = gone.randomElement(using: &random) { try await create(owner.anySerial, isRaised: isRaised) }
        case 3: try await create(isRaised: isRaised)
        default:
            guard let owner = known.randomElement(using: &random) else { return }
            if isRaised, hasOldInstances, chance(1, of: 2) {
                try await changeByOld(owner)
            } else {
                try await change(owner, isRaised)
            }
        }
    }

    private mutating func change(_ owner: Owner, _ isRaised: Bool) async throws {
        // What an old instance wrote late has to come over first: that both write is a conflict, and another matter.
        guard try await reaches(owner, isRaised),
            try await world.hash(Self.name(owner, isRaised))["n"] == truth.alive[owner]
        else { return }
        value += 1
        try await send(["HSET", Self.name(owner, isRaised), "n", "\(value)"])
        truth.change(owner, to: "\(value)")
        if isRaised { writtenByNew.insert(owner) }
    }

    private mutating func changeByOld(_ owner: Owner) async throws {
        guard !writtenByNew.contains(owner), try await reaches(owner, false) else { return }
        value += 1
        try await send(["HSET", owner.oldName, "n", "\(value)"])
        truth.changeLate(owner, to: "\(value)")
    }

    private mutating func delete(_ owner: Owner?, _ isRaised: Bool) async throws {
        guard let owner, try await reaches(owner, isRaised) else { return }
        try await send(["UNLINK", Self.name(owner, isRaised)])
        truth.delete(owner)
    }

    private mutating func create(isRaised: Bool) async throws {
        guard let tenant = tenants.randomElement(using: &random) else { return }
        let kinds: [Owner.Kind] = [.tenant, .tenant, .summary, .destination(identifier(upTo: 3))]
        try await create(Owner(tenant, kinds.randomElement(using: &random) ?? .tenant), isRaised: isRaised)
    }

    /// Makes a record, unless there is something under its name; no application makes one of two.
    private mutating func create(_ place: Owner, isRaised: Bool) async throws {
        let name = Self.name(place, isRaised)
        guard !truth.has(place), try await !world.exists(name) else { return }
        let owner = truth.create(place)
        try await send(["HSET", name] + owner.fields().sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
    }

    /// Whether an application finds its record under the name that counts.
    private func reaches(_ owner: Owner, _ isRaised: Bool) async throws -> Bool {
        try await world.hash(Self.name(owner, isRaised))[Owner.field] == owner.mark
    }

    private mutating func send(_ words: [String]) async throws {
        try await world.send(words)
        script.append("redis-cli " + words.map { "'\($0)'" }.joined(separator: " "))
    }

    private static func name(_ owner: Owner, _ isRaised: Bool) -> String { isRaised ? owner.newName : owner.oldName }

    // MARK: Chance

    private mutating func identifier(upTo count: Int) -> String {
        let pieces = isPlain ? Self.plain : Self.odd
        let length = isPlain ? 1 : Int.random(in: 1...count, using: &random)
        return (0..<length).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    }

    private mutating func chance(_ share: Int, of whole: Int) -> Bool {
        Int.random(in: 0..<whole, using: &random) < share
    }
}

// Not a test of the package: `deploy/fuzz` compiles it together with MigrationKit, for libFuzzer to drive.
// Source: https://llvm.org/docs/LibFuzzer.html

@testable import RedisClient

/// What anybody may have stored under one of our names, or what a server says of itself or of its cluster.
///
/// The first byte says as what the rest is read. Whatever it is, it must be read or refused in bounded memory and without a
/// crash; what is said of it can be shown; and what was read can be reckoned with as the programs do.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDocuments(_ start: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    guard size > 1 else { return 0 }
    let bytes = Bytes(UnsafeBufferPointer(start: start + 1, count: size - 1))
    switch start[0] % 7 {
    case 0: state(bytes)
    case 1: lock(bytes)
    case 2: orders(bytes)
    case 3: info(bytes)
    case 4: history(bytes)
    case 5: record(bytes)
    default: cluster(bytes)
    }
    return 0
}

private let names = KeyNames()
private let clusterNames = KeyNames(isCluster: true)

private func state(_ bytes: Bytes) {
    let state: MigrationState
    do {
        state = try MigrationState.read(bytes, key: names.lock, migration: "001_hash_tags")
    } catch let error as MigrationError {
        return show(error.message)
    } catch {
        preconditionFailure("an error of no known type: \(error)")
    }
    precondition(state.errors.count <= 20 && (state.held?.samples.count ?? 0) <= 20)
    let progress = state.progress
    for number in [progress.totalItems, progress.processedItems, progress.failedItems, progress.skippedItems] {
        // A percentage, a rate and what is left: products and differences, as status and the daemon make them.
        _ = number * 1000 / max(1, progress.totalItems) - progress.processedItems * 100
    }
    let total = (state.scope?.total ?? 0) + (state.held?.total ?? 0) + (state.checkpoint?.processedItems ?? 0)
    for naming in [names, clusterNames] {
        let shape = Ledger.shape(forPairs: total, names: naming).limited(to: 1000, in: naming)
        precondition(shape.hashes(in: naming) <= 2 * LedgerShape.slack)
        if let own = state.ledger {
            precondition(own.hashes(in: naming) <= 2 * LedgerShape.slack || !own.fits(among: 1000, in: naming))
        }
    }
    _ = state.scope.map { $0.covers($0) }
    if let verification = state.verification {
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        _ = Gate.cleanup(state, approval: nil, policy: GatePolicy(), now: now, save: .at(verification.verifiedAt))
        _ = verification.verifiedAt.rfc3339 + verification.soakFrom.rfc3339
    }
    _ = state.followedAt.map { $0.rfc3339 }
    _ = state.epoch.map { Epoch(number: $0, token: "t").next(token: "u") }
    guard let again = try? StoredDocument.encode(state) else { preconditionFailure("what was read cannot be written") }
    let second = try? MigrationState.read(again, key: names.lock, migration: "001_hash_tags")
    precondition(second?.progress == state.progress && second?.scope == state.scope, "it changes when it is written")
}

private func lock(_ bytes: Bytes) {
    guard let value = try? reply(bytes), let left = try? parse(Bytes(":7\r\n")) else { return }
    let reading = LockReading(value: value, timeToLive: left)
    show(reading.holder?.words ?? "")
    guard case .ours(let record, _, let left) = reading else { return }
    let identity = HolderIdentity(
        token: "t",
        host: "h",
        instance: "",
        processID: 1,
        bootID: "b",
        processNamespace: "n",
        version: "1"
    )
    var watch = LockWatch()
    for _ in 0..<2 {
        _ = watch.isStale(record, timeToLive: left, now: .now, identity: identity, processIsAlive: { _ in true })
    }
}

private func orders(_ bytes: Bytes) {
    if let pin = StoredDocument.decode(Pin.self, from: bytes) { show(pin.order.text) }
    if let order = StoredDocument.decode(Override.self, from: bytes) { show(order.text) }
    if let retry = StoredDocument.decode(RetryOrder.self, from: bytes) { show(retry.order.text) }
    if let approval = StoredDocument.decode(Approval.self, from: bytes) {
        precondition(approval.count.map(Bounded.range.contains) ?? true)
        _ = approval.scope.map { $0.covers($0) }
    }
    if let epoch = Epoch(bytes) { precondition(epoch.bytes == bytes) }
    if let shape = Ledger.shape(fromHeader: bytes) { precondition((1...LedgerShape.most).contains(shape.buckets)) }
    _ = LedgerEntry(bytes)
}

/// The sections are set off by a NUL.
private func info(_ bytes: Bytes) {
    let sections = bytes.split(separator: 0, maxSplits: 5, omittingEmptySubsequences: false).compactMap {
        try? reply(Bytes($0))
    }
    do {
        let info = try ServerInfo(replies: sections)
        show(info.version + (info.evictionPolicy ?? ""))
        precondition(Bounded.range.contains(info.keys) && Bounded.range.contains(info.maxMemory))
        let merged = try ServerInfo(merging: [info, info, info])
        precondition(merged.mayEvict == info.mayEvict && Bounded.range.contains(merged.keys))
        var calm = info.load
        calm.evictedKeys = 0
        for needed in [nil, 0, Int.max] {
            guard let strain = ServerStrain.judge(info.load, previous: calm, first: calm, needed: needed) else {
                continue
            }
            show(strain.reason)
        }
        if case .at(let time) = info.save { _ = time.duration(to: .now) }
    } catch let error as RedisError {
        show(error.message)
    } catch {
        preconditionFailure("an error of no known type: \(error)")
    }
}

/// The reply to XREVRANGE, as a server sends it.
private func history(_ wire: Bytes) {
    guard let reply = try? parse(wire) else { return }
    for element in reply.elements {
        guard let entry = try? HistoryEntry(element) else { continue }
        precondition(entry.fields.count <= HistoryEntry.most.fields)
        precondition(entry.fields.allSatisfy { max($0.name.count, $0.value.count) <= HistoryEntry.most.bytes })
        show(entry.time.rfc3339)
        _ = entry.text(of: "schema_version").flatMap { Bounded(decimal: $0) }
    }
}

/// The reply to the question of Outpost's record, as a server sends it.
private func record(_ wire: Bytes) {
    guard let reply = try? parse(wire) else { return }
    switch try? OutpostRecord.read(reply, at: names.outpostRecord(of: "001_hash_tags")) {
    case .failure(let error)?: show(error.message)
    case .success(let record?)?:
        var commands = CommandBuffer()
        record.append(to: &commands, at: names.lock)
    case .success(nil)?, nil: break
    }
}

/// The replies to CLUSTER SLOTS and CLUSTER NODES, as a server sends them.
private func cluster(_ wire: Bytes) {
    guard let reply = try? parse(wire) else { return }
    do {
        let map = try SlotMap(reply, askedAt: .unix(path: "/s"))
        precondition(map.nodes.count <= 1000)
        let slots = map.nodes.reduce(0) { $0 + map.slots(of: $1).count }
        precondition(slots + map.uncovered == Slot.count, "a slot was counted twice or not at all")
        for node in map.nodes { show("\(node.endpoint)") }
    } catch let error as RedisError {
        show(error.message)
    } catch {
        preconditionFailure("an error of no known type: \(error)")
    }
    _ = try? ClusterView(reply)
}

private func show(_ text: String) {
    precondition(!text.unicodeScalars.contains(where: SafeText.isUnsafe), "this is shown as it is: \(text)")
}

private func reply(_ bytes: Bytes) throws -> Reply {
    try parse(Bytes("$\(bytes.count)\r\n") + bytes + Bytes("\r\n"))
}

private func parse(_ wire: Bytes) throws -> Reply {
    let parser = try ReplyParser(limits: ReplyLimits())
    try wire.withUnsafeBytes { try parser.feed($0) }
    guard let reply = parser.take().first else {
        throw RedisError(.unexpectedReply, "it is no whole reply", outcome: .notExecuted)
    }
    return reply
}

import RedisClient
import Testing

@testable import MigrationKit

@Suite("The names that the programs keep in Redis")
struct KeyNamesTests {
    private static func all(_ names: KeyNames) -> [Bytes] {
        [
            names.version, names.lock, names.epoch, names.pause, names.pin, names.history,
            names.state(of: "001_hash_tags"), names.approval(of: "001_hash_tags"),
            names.ledger(of: "001_hash_tags", bucket: 12), names.outpostRecord(of: "001_hash_tags"),
        ] + names.outpostLocks
    }

    private static let contract = [
        "outpost:schema:version", "outpost:migration:lock", "outpost:migration:epoch", "outpost:migration:pause",
        "outpost:migration:pin", "outpost:migration:history", "outpost:migration:001_hash_tags:state",
        "outpost:migration:001_hash_tags:approval", "outpost:migration:001_hash_tags:ledger:12",
        "outpost:migration:001_hash_tags", ".outpost:migration_lock", ".outpost:migration:lock",
    ]

    @Test("are those of the contract")
    func plain() {
        #expect(Self.all(KeyNames()) == Self.contract.map { Bytes($0) })
        #expect(Self.all(KeyNames(deploymentID: "")) == Self.contract.map { Bytes($0) })
        #expect(!KeyNames().hasDeploymentID)
        #expect(KeyNames().data("tenant:") == Bytes("tenant:"))
    }

    @Test("start with the deployment's id where there is one, the lock and the epoch too")
    func deployment() {
        let names = KeyNames(deploymentID: "d1")
        #expect(names.hasDeploymentID && names.prefix == "d1:")
        #expect(Self.all(names) == Self.contract.map { Bytes("d1:" + $0) })
        #expect(names.data("tenant:") == Bytes("d1:tenant:"))
    }

    @Test("are told from the data, and from another deployment's")
    func bookkeeping() {
        for names in [KeyNames(), KeyNames(deploymentID: "d1")] {
            for name in Self.all(names) { #expect(names.isBookkeeping(name)) }
            #expect(!names.isBookkeeping(names.data("tenant:a")))
            #expect(!names.isBookkeeping(names.data("outpost:schema:versions")))
            #expect(!names.isBookkeeping(names.data("outpost:migration")))
            #expect(!names.isBookkeeping([]))
        }
        #expect(!KeyNames().isBookkeeping(KeyNames(deploymentID: "d1").lock))
        #expect(!KeyNames(deploymentID: "d1").isBookkeeping(KeyNames().lock))
    }
}

// swift-tools-version: 6.2
// The map of the house: one target a folder, and each may use only what stands below it (CONTRIBUTING, "Where things are").

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
]

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], excluding: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: dependencies + ["TestSupport"],
        exclude: excluding,
        swiftSettings: strict
    )
}

let package = Package(
    name: "migrateredis",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "migrateredisd", targets: ["migrateredisd"]),
        .executable(name: "migrateredis", targets: ["migrateredis"]),
    ],
    // Exact: a build of today takes what was tested, and not what somebody has published since. What these need themselves
    // (swift-async-algorithms, swift-collections, swift-system) SwiftPM pins only where a target uses it.
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CHiredis"),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL"),
        .systemLibrary(name: "CSystemd"),
        .systemLibrary(name: "CYAML"),

        module("RedisClient", ["CHiredis", "CLinux", "COpenSSL"]),
        module("MigrationKit", ["RedisClient", "COpenSSL"]),
        module("Migrations", ["MigrationKit", "RedisClient"]),
        module("Reconciler", ["Migrations", "MigrationKit", "RedisClient", lifecycle, logging]),
        module("Settings", ["MigrationKit", "RedisClient", "CYAML", configuration]),
        module("Systemd", ["RedisClient", "CSystemd", logging]),

        module("Programs", ["Settings", "Reconciler", "MigrationKit", "RedisClient", "CLinux", arguments]),

        program(
            "migrateredisd",
            [
                "Programs", "Systemd", "Settings", "Reconciler", "Migrations", "MigrationKit", "RedisClient", arguments,
                lifecycle, signals, logging,
            ]
        ),
        program(
            "migrateredis",
            ["Programs", "Settings", "Reconciler", "Migrations", "MigrationKit", "RedisClient", arguments]
        ),

        .target(
            name: "TestSupport",
            dependencies: ["RedisClient", "MigrationKit", "Migrations"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .target(name: "CReplay", path: "Tests/CReplay", cSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "benchmark",
            dependencies: ["CReplay", "TestSupport", "MigrationKit", "RedisClient", arguments],
            path: "Tests/Benchmark",
            swiftSettings: strict
        ),
        tests("RedisClient", ["RedisClient", "COpenSSL"]),
        tests("MigrationKit", ["MigrationKit", "Migrations", "RedisClient"]),
        tests("Migrations", ["Migrations", "MigrationKit", "RedisClient"]),
        tests("Reconciler", ["Reconciler", "Migrations", "MigrationKit", "RedisClient"]),
        tests("Settings", ["Settings", "MigrationKit", "RedisClient"]),
        tests("Systemd", ["Systemd", logging]),
        tests(
            "Program",
            ["migrateredis", "migrateredisd", "Programs", "Reconciler", "Migrations", "MigrationKit", "RedisClient"],
            excluding: ["Golden"]
        ),
        // The faults of the article Faults: the programs as they are, disturbed, on real servers.
        tests("Fault", ["migrateredis", "migrateredisd", "MigrationKit", "RedisClient"]),
        // What the programs promise of other people's records, judged without a look at how they keep it.
        tests("Safety", ["migrateredis", "migrateredisd", "RedisClient"]),
    ]
)

// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: Swift 6 mode, warnings are errors.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "drkit",
  products: [
    .library(name: "DRKit", targets: ["DRKit"]),
    .library(name: "Simulator", targets: ["Simulator"]),
    .executable(name: "drctl", targets: ["drctl"]),
    .executable(name: "drkit-agent", targets: ["drkit-agent"]),
  ],
  dependencies: [
    // Exact versions: the lock file is not committed, so the manifest is the lock.
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
  ],
  targets: [
    // The brain: model, ports, pipeline. No I/O, no wall clock.
    .target(
      name: "DRKit",
      dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      exclude: ["StrictYAML"],
      swiftSettings: house),
    // Strict reading of YAML documents; shared by scenario files and the configuration.
    .target(
      name: "StrictYAML",
      dependencies: ["DRKit", .product(name: "Yams", package: "Yams")],
      path: "Sources/DRKit/StrictYAML",
      swiftSettings: house),

    // The other world.
    .target(name: "CSimulatorHook", path: "Sources/Simulator/Hook"),
    .target(
      name: "Simulator",
      dependencies: [
        "DRKit", "StrictYAML", "CSimulatorHook",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ],
      exclude: ["Hook", "TestBed", "Wire"],
      swiftSettings: house),
    .target(
      name: "TestBed",
      dependencies: [
        "DRKit", "Simulator", "StrictYAML",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      path: "Sources/Simulator/TestBed",
      swiftSettings: house),

    // The real world.
    .target(
      name: "OVirtClient",
      dependencies: [
        "DRKit",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      path: "Sources/Executor/OVirtClient",
      swiftSettings: house),
    .target(
      name: "GlusterCLI",
      dependencies: [
        "DRKit", "GlusterFiles", "AgentProtocol",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      path: "Sources/Executor/GlusterCLI",
      exclude: ["Files"],
      swiftSettings: house),
    // Blocking files below a directory or a mount: for the executor and for the agent.
    .target(
      name: "GlusterFiles",
      dependencies: ["DRKit", .product(name: "Crypto", package: "swift-crypto")],
      path: "Sources/Executor/GlusterCLI/Files",
      swiftSettings: house),
    // What drkit-agent and the executor say to each other.
    .target(
      name: "AgentProtocol", dependencies: ["DRKit"], path: "Sources/Executor/AgentProtocol",
      swiftSettings: house),
    // The agent for the storage nodes: small, so without NIO, subprocess and XML (TidyTests looks).
    .target(
      name: "Agent",
      dependencies: [
        "DRKit", "GlusterFiles", "AgentProtocol", .product(name: "Crypto", package: "swift-crypto"),
      ],
      path: "Sources/Executor/Agent",
      swiftSettings: house),
    .executableTarget(name: "drkit-agent", dependencies: ["Agent"], swiftSettings: house),
    .target(
      name: "StateStore",
      dependencies: ["DRKit", .product(name: "GRDB", package: "GRDB.swift")],
      path: "Sources/Executor/StateStore",
      swiftSettings: house),
    // Configuration, and the real ports put together for one destination.
    .target(
      name: "Site",
      dependencies: ["DRKit", "StrictYAML", "OVirtClient", "GlusterCLI", "StateStore"],
      path: "Sources/Executor/Site",
      swiftSettings: house),

    // Where the two worlds meet: the real adapters over the simulated systems' bytes.
    .target(
      name: "Wire",
      dependencies: ["DRKit", "Simulator", "TestBed", "OVirtClient", "GlusterCLI"],
      path: "Sources/Simulator/Wire",
      swiftSettings: house),

    .target(
      name: "Bench",
      dependencies: ["DRKit", "Simulator"],
      swiftSettings: house),
    .executableTarget(
      name: "drctl",
      dependencies: [
        "DRKit", "StrictYAML", "Simulator", "TestBed", "Wire", "OVirtClient", "GlusterCLI", "AgentProtocol",
        "StateStore", "Site", "Bench", "Agent",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: house),

    // For tests of several modules.
    .target(
      name: "ForwardingPorts", dependencies: ["DRKit"], path: "Tests/ForwardingPorts", swiftSettings: house),
    .testTarget(
      name: "DRKitTests", dependencies: ["DRKit", "StrictYAML", "ForwardingPorts"], swiftSettings: house),
    .testTarget(
      name: "SimulatorTests", dependencies: ["Simulator", "DRKit", "StrictYAML", "ForwardingPorts"],
      swiftSettings: house),
    .testTarget(name: "TestBedTests", dependencies: ["TestBed", "Simulator", "DRKit"], swiftSettings: house),
    .testTarget(
      name: "OVirtClientTests",
      dependencies: [
        "OVirtClient", "DRKit",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: house),
    .testTarget(
      name: "GlusterCLITests",
      dependencies: ["GlusterCLI", "GlusterFiles", "DRKit"],
      resources: [.copy("Captures")],
      swiftSettings: house),
    .testTarget(
      name: "AgentTests",
      // The program itself is run, as ssh would.
      dependencies: ["Agent", "AgentProtocol", "GlusterCLI", "GlusterFiles", "DRKit", "drkit-agent"],
      swiftSettings: house),
    .testTarget(name: "StateStoreTests", dependencies: ["StateStore", "DRKit"], swiftSettings: house),
    .testTarget(
      name: "WireTests",
      dependencies: ["Wire", "Simulator", "TestBed", "OVirtClient", "GlusterCLI", "DRKit", "StrictYAML"],
      swiftSettings: house),
    .testTarget(
      name: "SiteTests", dependencies: ["Site", "GlusterCLI", "OVirtClient", "DRKit"], swiftSettings: house),
    .testTarget(
      name: "BadInputTests",
      dependencies: [
        "AgentProtocol", "DRKit", "GlusterCLI", "GlusterFiles", "OVirtClient", "Simulator", "Site",
        "StateStore",
        "StrictYAML", "TestBed", .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: house),
    .testTarget(
      name: "BenchTests", dependencies: ["Bench", "Simulator", "DRKit"], swiftSettings: house),
    .testTarget(
      name: "ContractTests",
      dependencies: [
        "Bench", "Simulator", "TestBed", "Wire", "OVirtClient", "GlusterCLI", "StateStore", "Site", "DRKit",
        "ForwardingPorts",
      ],
      swiftSettings: house),
    .testTarget(name: "TidyTests", swiftSettings: house),
  ]
)

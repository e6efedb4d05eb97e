import Testing

/// The one table of who may import whom: `docs/architecture.md` in names. The longest folder that fits a file counts.
private let layers: [(folder: String, imports: Set<String>)] = [
  ("Sources/DRKit", ["FoundationEssentials", "Synchronization", "Crypto"]),
  ("Sources/DRKit/StrictYAML", ["DRKit", "Yams"]),

  (
    "Sources/Simulator",
    ["DRKit", "StrictYAML", "CSimulatorHook", "OrderedCollections", "Synchronization"]
  ),
  (
    "Sources/Simulator/TestBed",
    [
      "DRKit", "Simulator", "StrictYAML", "Glibc", "Synchronization", "HTTPTypes", "Hummingbird",
      "HummingbirdCore", "Logging", "NIOCore", "Subprocess",
    ]
  ),

  (
    "Sources/Executor/OVirtClient",
    [
      "DRKit", "AsyncHTTPClient", "Dispatch", "Foundation", "FoundationNetworking", "Glibc", "NIOCore",
      "NIOHTTP1", "NIOPosix", "NIOSSL", "Synchronization",
    ]
  ),
  (
    "Sources/Executor/GlusterCLI",
    [
      "DRKit", "GlusterFiles", "AgentProtocol", "Crypto", "Dispatch", "Foundation", "Glibc",
      "Subprocess", "Synchronization", "SystemPackage",
    ]
  ),
  ("Sources/Executor/GlusterCLI/Files", ["DRKit", "Crypto", "Glibc"]),
  ("Sources/Executor/AgentProtocol", ["DRKit", "FoundationEssentials"]),
  (
    "Sources/Executor/Agent",
    ["DRKit", "GlusterFiles", "AgentProtocol", "Crypto", "Glibc", "Synchronization"]
  ),
  ("Sources/Executor/StateStore", ["DRKit", "GRDB", "Foundation", "Glibc", "Synchronization"]),
  (
    "Sources/Executor/Site",
    [
      "DRKit", "StrictYAML", "OVirtClient", "GlusterCLI", "StateStore", "Foundation", "Glibc",
      "Synchronization",
    ]
  ),

  // Where the two worlds meet; nobody but drctl may know it.
  ("Sources/Simulator/Wire", ["DRKit", "Simulator", "TestBed", "OVirtClient", "GlusterCLI"]),

  ("Sources/Bench", ["DRKit", "Simulator", "Dispatch", "Glibc", "Synchronization"]),
  ("Sources/drkit-agent", ["Agent", "Glibc"]),
  (
    "Sources/drctl",
    [
      "DRKit", "Simulator", "TestBed", "Wire", "Site", "Bench", "Agent", "StrictYAML", "OVirtClient",
      "GlusterCLI", "AgentProtocol", "StateStore", "ArgumentParser", "Dispatch", "Foundation", "Glibc",
      "Synchronization",
    ]
  ),

  ("Tests/ForwardingPorts", ["DRKit"]),
  ("Tests/DRKitTests", ["DRKit", "StrictYAML", "ForwardingPorts", "Testing", "Synchronization"]),
  (
    "Tests/SimulatorTests",
    [
      "DRKit", "Simulator", "StrictYAML", "ForwardingPorts", "Testing", "Synchronization", "Foundation",
      "Glibc",
    ]
  ),
  ("Tests/TidyTests", ["Testing", "Foundation"]),
]

/// Nobody imports these, in tests neither.
private let roots: Set<String> = ["drctl"]
private let executor: Set<String> = [
  "OVirtClient", "GlusterCLI", "GlusterFiles", "AgentProtocol", "Agent", "StateStore", "Site",
]

@Suite("Who imports whom")
struct LayerTests {
  /// The modules that a file imports, with their lines.
  private func imports(_ file: SourceFile) -> [(module: String, line: Int)] {
    let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "typealias", "var", "let"]
    return file.tokens.indices.compactMap { index in
      let place = Place(tokens: file.tokens, index: index)
      guard place.token.kind == .word, place.text(0) == "import", place.before?.text != "`" else {
        return nil
      }
      // A name that happens to be `import` is not followed by a word on its line.
      let module = kinds.contains(place.text(1)) ? 2 : 1
      guard index + module < file.tokens.count, file.tokens[index + module].line == place.token.line else {
        return nil
      }
      return (place.text(module), place.token.line)
    }
  }

  private func violations(_ file: SourceFile) -> [Violation] {
    let layer = layers.filter { file.isUnder($0.folder) }.max { $0.folder.count < $1.folder.count }
    if layer == nil, file.isUnder("Sources") {
      return [Violation(path: file.path, line: 1, text: "its folder is not in the table of layers")]
    }
    return imports(file).compactMap { (module, line) in
      let isFine = layer.map { $0.imports.contains(module) } ?? true
      return isFine && !roots.contains(module)
        ? nil : Violation(path: file.path, line: line, text: "must not import \(module)")
    }
  }

  @Test("is as the table says")
  func tree() { #expect(SourceTree.swift.flatMap(violations) == []) }

  @Test("keeps Simulator and the Executor's targets from knowing each other, whatever the table says")
  func strangers() {
    for (folder, imports) in layers {
      // Wire is where the two meet.
      if folder.hasPrefix("Sources/Simulator"), folder != "Sources/Simulator/Wire" {
        #expect(imports.isDisjoint(with: executor), "\(folder)")
      }
      if folder != "Sources/drctl" { #expect(!imports.contains("Wire"), "\(folder)") }
      if folder.hasPrefix("Sources/Executor") {
        #expect(imports.isDisjoint(with: ["Simulator", "TestBed", "Bench"]), "\(folder)")
      }
      if folder != "Sources/drctl", !folder.hasPrefix("Tests") {
        #expect(!imports.contains("ArgumentParser"), "\(folder)")
      }
    }
    let foundation: Set<String> = [
      "Foundation", "FoundationXML", "FoundationNetworking", "Dispatch", "Glibc",
    ]
    for name in ["Sources/DRKit", "Sources/DRKit/StrictYAML", "Sources/Simulator"] {
      #expect(layers.first { $0.folder == name }?.imports.isDisjoint(with: foundation) == true, "\(name)")
    }
  }

  @Test("has no line for a folder that does not exist")
  func noStaleLines() {
    for (folder, _) in layers { #expect(SourceTree.exists(folder), "\(folder)") }
  }

  private func found(_ source: String, in path: String) -> [String] {
    violations(SourceFile(path: path, text: source)).map(\.text)
  }

  @Test(
    "is found where an import against the arrows is planted",
    arguments: [
      ("import Foundation", "Sources/DRKit/Model/X.swift", "Foundation"),
      ("import Simulator", "Sources/DRKit/Pipeline/X.swift", "Simulator"),
      ("import Yams", "Sources/DRKit/Model/X.swift", "Yams"),
      ("import Foundation", "Sources/DRKit/StrictYAML/X.swift", "Foundation"),
      ("import GlusterCLI", "Sources/Simulator/World/X.swift", "GlusterCLI"),
      ("internal import OVirtClient", "Sources/Simulator/TestBed/X.swift", "OVirtClient"),
      ("@testable import Simulator", "Sources/Executor/Site/X.swift", "Simulator"),
      ("import struct TestBed.Bed", "Sources/Executor/GlusterCLI/X.swift", "TestBed"),
      ("#if os(Linux)\nimport Simulator\n#endif", "Sources/Executor/StateStore/X.swift", "Simulator"),
      ("import Wire", "Sources/Simulator/World/X.swift", "Wire"),
      ("import Wire", "Sources/Executor/Site/X.swift", "Wire"),
      ("import StateStore", "Sources/Simulator/Wire/X.swift", "StateStore"),
      ("import drctl", "Tests/SiteTests/X.swift", "drctl"),
      ("import drctl", "Sources/Bench/X.swift", "drctl"),
      ("import Simulator", "Tests/DRKitTests/X.swift", "Simulator"),
    ])
  func planted(_ source: String, _ path: String, _ module: String) {
    #expect(found(source, in: path) == ["must not import \(module)"])
  }

  @Test("wants every folder of Sources in the table")
  func unknownFolder() {
    #expect(found("", in: "Sources/Daemon/X.swift") == ["its folder is not in the table of layers"])
  }

  @Test("sees no import in comments, strings and names")
  func innocent() {
    let source = "// import Foundation\nlet a = \"import Foundation\"\nlet b = `import`\nimport Crypto"
    #expect(found(source, in: "Sources/DRKit/X.swift") == [])
  }
}

import Testing

/// `drkit-agent` goes to every storage node: what it is made of is kept small. Read from the manifest as it is written.
@Suite("What the targets of the package are made of")
struct PackageTests {
  private struct Target: Hashable {
    var name: String
    var targets: [String] = []
    var products: [String] = []
  }

  /// Every `.target(…)`, `.executableTarget(…)` and `.testTarget(…)` of a manifest.
  private static func targets(_ manifest: SourceFile) -> [Target] {
    manifest.tokens.indices.compactMap { index in
      let place = Place(tokens: manifest.tokens, index: index)
      let isTarget = ["target", "executableTarget", "testTarget"].contains(place.text(0))
      guard isTarget, place.before?.text == ".", place.text(1) == "(" else { return nil }
      let inside = Array(place.parentheses(at: 1))
      guard let name = inside.first(where: { $0.kind == .literal }) else { return nil }
      var target = Target(name: name.text)
      guard let start = inside.firstIndex(where: { $0.text == "dependencies" && $0.kind == .word }) else {
        return target
      }
      var at = start + 3
      while at < inside.count, !(inside[at].kind == .sign && inside[at].text == "]") {
        if inside[at].kind == .literal { target.targets.append(inside[at].text) }
        if inside[at].text == "product", at + 4 < inside.count, inside[at + 4].kind == .literal {
          target.products.append(inside[at + 4].text)
          // Past the package's name.
          while at < inside.count, inside[at].text != ")" { at += 1 }
        }
        at += 1
      }
      return target
    }
  }

  /// What a target is linked from: its own targets, and products of other packages.
  private static func closure(of name: String, _ all: [Target]) -> (
    targets: Set<String>, products: Set<String>
  ) {
    var found: Set<String> = []
    var products: Set<String> = []
    var open = [name]
    while let next = open.popLast() {
      guard found.insert(next).inserted else { continue }
      for target in all where target.name == next {
        open += target.targets
        products.formUnion(target.products)
      }
    }
    return (found, products)
  }

  @Test("for the agent are Crypto and a few of ours: no NIO, no subprocess, no XML")
  func agent() throws {
    let manifest = try #require(SourceTree.file("Package.swift"))
    let made = Self.closure(of: "drkit-agent", Self.targets(manifest))
    #expect(made.products == ["Crypto"])
    #expect(made.targets == ["drkit-agent", "Agent", "AgentProtocol", "GlusterFiles", "DRKit"])
    for file in SourceTree.swift where file.isUnder("Sources/Executor/Agent") {
      #expect(!file.text.contains("import Foundation\n"), "\(file.path): pulls in ICU, 40 MB")
    }
  }

  @Test("are read as they are written")
  func planted() throws {
    let manifest = SourceFile(
      path: "Package.swift",
      text: """
        let p = Package(name: "x", targets: [
          .target(name: "A", dependencies: ["B", .product(name: "NIO", package: "swift-nio"), "C"], path: "p"),
          .target(name: "B"), .executableTarget(name: "C", dependencies: ["B"], swiftSettings: house),
        ])
        """)
    let all = Self.targets(manifest)
    #expect(
      all == [
        Target(name: "A", targets: ["B", "C"], products: ["NIO"]), Target(name: "B"),
        Target(name: "C", targets: ["B"]),
      ])
    #expect(Self.closure(of: "C", all).products == [])
    #expect(Self.closure(of: "A", all).products == ["NIO"])
  }
}

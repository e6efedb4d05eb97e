import DRKit

/// The reader of YAML itself, and every reader of a scalar on every value that a document has.
package enum YAMLParsers {
  package static let all = [strictYAML]

  private static let document = """
    # A comment.
    name: "quoted: text"
    list: [1, 2.5, true, ~, 'it''s']
    sizes:
      - { disk: 64MiB, rate: 1Gbit/s, every: 1h30m, range: 3s..12s, chance: 0.25 }
      - disk: 10TiB
        id: 0a2b4c6d-1111-4222-8333-444455556666
    block: |
      two
      lines
    folded: >-
      one
      line
    count: 10_000
    """

  static let strictYAML = FuzzedParser("strict-yaml", [document, "a: 1\nb: [x, y]\n"]) { bytes in
    let root = try StrictDocument.parse(String(decoding: bytes, as: UTF8.self), file: "x.yaml")
    var first: (any Error)?
    visit(root) { error in
      if first == nil || FuzzedParser.complaint(about: error) != nil { first = error }
    }
    if let first { throw first }
  }

  private enum Word: String, CaseIterable { case kept, broken }

  private static func visit(_ node: StrictNode, _ heard: (any Error) -> Void) {
    func attempt(_ body: () throws -> Void) {
      do { try body() } catch { heard(error) }
    }
    switch node.content {
    case .scalar:
      attempt { _ = try node.string() }
      attempt { _ = try node.int() }
      attempt { _ = try node.double(in: -1e300...1e300) }
      attempt { _ = try node.probability() }
      attempt { _ = try node.bool() }
      attempt { _ = try node.duration() }
      attempt { _ = try node.durationRange() }
      attempt { _ = try node.byteSize() }
      attempt { _ = try node.bandwidth() }
      attempt { _ = try node.identifier(DiskID.self) }
      attempt { _ = try node.choice(of: Word.self) }
      attempt { _ = try node.verifyLevel() }
    case .sequence(let nodes):
      attempt { _ = try node.distinctList { (node) throws(StrictYAMLError) in try node.string() } }
      for node in nodes { visit(node, heard) }
    case .mapping(let entries):
      attempt { _ = try node.mapping(keys: ["name", "list", "sizes", "disk"]) }
      for entry in entries { visit(entry.value, heard) }
    }
  }
}

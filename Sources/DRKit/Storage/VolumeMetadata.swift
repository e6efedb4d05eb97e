/// A vdsm `.meta` file: `KEY=VALUE` lines, then `EOF` (vdsm `volumemetadata.py`; at most 512 bytes).
///
/// Keeps every line as it came, so that an edit changes one value and no other byte.
public struct VolumeMetadata: Hashable, Sendable {
  public enum Role: String, Sendable, Codable {
    case leaf = "LEAF"
    /// Has a child.
    case `internal` = "INTERNAL"
    /// A template's volume.
    case shared = "SHARED"
  }

  private var lines: [String]
  public let image: DiskID
  public let domain: StorageDomainID
  /// `Identifier.blank` for the bottom of a chain.
  public let parent: VolumeID
  public let isLegal: Bool
  public private(set) var role: Role

  /// - Throws: `.malformed` naming `path` and the key.
  public init(_ bytes: [UInt8], path: String) throws(DRError) {
    func bad(_ reason: String) -> DRError {
      DRError(
        .malformed, "read volume metadata", path, reason: reason, remedy: "compare with the primary's file")
    }
    guard !bytes.isEmpty else { throw bad("the file is empty") }
    guard bytes.count <= 4096 else { throw bad("\(bytes.count) bytes; vdsm writes at most 512") }
    let text = String(decoding: bytes, as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    guard lines.last == "EOF" else { throw bad("no EOF line: the file is cut off") }
    var values: [String: String] = [:]
    for line in lines.dropLast() {
      guard let equals = line.firstIndex(of: "=") else { throw bad("\"\(line)\" is no KEY=VALUE line") }
      values[String(line[..<equals])] = String(line[line.index(after: equals)...])
    }
    func value(_ key: String) throws(DRError) -> String {
      guard let value = values[key] else { throw bad("\(key) is missing") }
      return value
    }
    func id<Kind>(_ key: String, _ kind: Kind.Type) throws(DRError) -> Identifier<Kind> {
      let text = try value(key)
      guard let id = Identifier<Kind>(text) else { throw bad("\(key) is \"\(text)\", not a UUID") }
      return id
    }
    let role = try value("VOLTYPE")
    guard let known = Role(rawValue: role) else {
      throw bad("VOLTYPE is \"\(role)\", not LEAF, INTERNAL or SHARED")
    }
    self.lines = lines
    self.role = known
    image = try id("IMAGE", DiskKind.self)
    domain = try id("DOMAIN", StorageDomainKind.self)
    parent = try id("PUUID", VolumeKind.self)
    isLegal = try value("LEGALITY") == "LEGAL"
  }

  /// The file's bytes with another `VOLTYPE`.
  public func bytes(as role: Role) -> [UInt8] {
    let edited = lines.map { $0.hasPrefix("VOLTYPE=") ? "VOLTYPE=\(role.rawValue)" : $0 }
    return Array((edited.joined(separator: "\n") + "\n").utf8)
  }
}

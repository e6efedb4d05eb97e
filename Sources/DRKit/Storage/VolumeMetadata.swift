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

  /// Bytes, not text: a description may hold anything.
  private let lines: [[UInt8]]
  public let image: DiskID
  public let domain: StorageDomainID
  /// `Identifier.blank` for the bottom of a chain.
  public let parent: VolumeID
  public let isLegal: Bool
  public let role: Role
  /// `DATA`, `OVFS`, `MEMM`, …; nil where the file does not say.
  public let diskType: String?
  /// `CTIME`, when the volume was made; nil where the file does not say.
  public let created: Instant?

  /// - Throws: `.malformed` naming `path` and the key.
  public init(_ bytes: [UInt8], path: String) throws(DRError) {
    func bad(_ reason: String) -> DRError {
      DRError(
        .malformed, "read volume metadata", path, reason: reason, remedy: "compare with the primary's file")
    }
    guard !bytes.isEmpty else { throw bad("the file is empty") }
    guard bytes.count <= 4096 else { throw bad("\(bytes.count) bytes; vdsm writes at most 512") }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    let filled = lines.filter { !$0.isEmpty }
    guard filled.last == Array("EOF".utf8) else { throw bad("no EOF line: the file is cut off") }
    var values: [String: String] = [:]
    for line in filled.dropLast() {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
        throw bad("\"\(String(decoding: line, as: UTF8.self))\" is no KEY=VALUE line")
      }
      values[String(decoding: line[..<equals], as: UTF8.self)] =
        String(decoding: line[(equals + 1)...], as: UTF8.self)
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
    diskType = values["DISKTYPE"]
    created = values["CTIME"].flatMap { Int64($0) }.map { Instant(epochSeconds: min(max(0, $0), 1 << 33)) }
  }

  /// The file's bytes with another `VOLTYPE`.
  public func bytes(as role: Role) -> [UInt8] {
    let key = Array("VOLTYPE=".utf8)
    let edited = lines.map { $0.starts(with: key) ? key + Array(role.rawValue.utf8) : $0 }
    return Array(edited.joined(separator: [UInt8(ascii: "\n")]))
  }
}

import Crypto

/// Where vdsm keeps things on a file storage domain, relative to the volume's root; and where drkit keeps its own, beside
/// the domain and never in it.
public struct DomainLayout: Hashable, Sendable {
  public let domain: StorageDomainID

  public init(_ domain: StorageDomainID) { self.domain = domain }

  public var metadata: String { "\(domain)/dom_md/metadata" }
  public var images: String { "\(domain)/images" }
  public func image(_ disk: DiskID) -> String { "\(domain)/images/\(disk)" }
  public func volume(_ volume: VolumeID, of disk: DiskID) -> String { "\(image(disk))/\(volume)" }
  public func meta(_ volume: VolumeID, of disk: DiskID) -> String { "\(self.volume(volume, of: disk)).meta" }
  public func lease(_ volume: VolumeID, of disk: DiskID) -> String {
    "\(self.volume(volume, of: disk)).lease"
  }

  /// Nonces: written at the primary, carried over by geo-replication.
  public static let nonces = ".drkit"
  static func nonceDirectory(_ session: SessionName) -> String {
    "\(nonces)/\(session.secondaryHost)-\(session.secondaryVolume)"
  }
  /// Intents and manifests: written at the secondary only. Another directory than the nonces': one made at both sides would have two
  /// gfids, and geo-replication can't reconcile them.
  public static let points = ".drkit-points"
  /// What a run is about to do, written before its first byte is carried.
  public func intent(_ run: RunID) -> String { "\(DomainLayout.points)/\(domain)/\(run).intent.json" }
  public func manifest(_ run: RunID) -> String { "\(DomainLayout.points)/\(domain)/\(run).json" }
}

/// The `KEY=VALUE` file of a storage domain (vdsm `persistent.py`).
public enum DomainMetadata {
  /// The pools that the domain is attached to; empty when unattached; nil when the file does not say.
  public static func pools(_ bytes: [UInt8]) -> [String]? {
    value("POOL_UUID", in: bytes)?.split(separator: ",").map(String.init).sorted()
  }

  static func value(_ key: String, in bytes: [UInt8]) -> String? {
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("\(key)=")
    {
      return String(line.dropFirst(key.count + 1))
    }
    return nil
  }

  /// What is wrong with the file as it arrived; nil when nothing is. A checksum that is there must be right, as vdsm has it:
  /// SHA-1 over the sorted `KEY=VALUE` lines without newlines. (Other letters than ASCII are summed in another form there:
  /// such a file is taken as it is.)
  static func complaint(_ bytes: [UInt8]) -> String? {
    guard !bytes.isEmpty else { return "it is empty" }
    guard pools(bytes) != nil else { return "it has no POOL_UUID: it is cut off" }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    let mark = "_SHA_CKSUM="
    guard let sum = lines.first(where: { $0.hasPrefix(mark) }), bytes.allSatisfy({ $0 < 0x80 }) else {
      return nil
    }
    var hash = Insecure.SHA1()
    for line in lines.filter({ !$0.hasPrefix(mark) }).sorted() { hash.update(data: Array(line.utf8)) }
    let digits = Array("0123456789abcdef".utf8)
    let text = String(
      decoding: hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    return text == sum.dropFirst(mark.count) ? nil : "its checksum is wrong: it is torn"
  }
}

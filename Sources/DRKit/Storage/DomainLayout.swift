/// Where vdsm keeps things on a file storage domain, relative to the volume's root; and where drkit keeps its own, beside
/// the domain and never in it.
public struct DomainLayout: Hashable, Sendable {
  public let domain: StorageDomainID

  public init(_ domain: StorageDomainID) { self.domain = domain }

  public var metadata: String { "\(domain)/dom_md/metadata" }
  public func image(_ disk: DiskID) -> String { "\(domain)/images/\(disk)" }
  public func volume(_ volume: VolumeID, of disk: DiskID) -> String { "\(image(disk))/\(volume)" }
  public func meta(_ volume: VolumeID, of disk: DiskID) -> String { "\(self.volume(volume, of: disk)).meta" }
  public func lease(_ volume: VolumeID, of disk: DiskID) -> String {
    "\(self.volume(volume, of: disk)).lease"
  }

  /// Nonces: written at the primary, carried over by geo-replication.
  public static let nonces = ".drkit"
  /// Manifests: written at the secondary only. Another directory than the nonces': one made at both sides would have two
  /// gfids, and geo-replication can't reconcile them.
  public static let points = ".drkit-points"
  public func manifest(_ run: RunID) -> String { "\(DomainLayout.points)/\(domain)/\(run).json" }
}

/// The `KEY=VALUE` file of a storage domain (vdsm `persistent.py`).
public enum DomainMetadata {
  /// The pools that the domain is attached to; empty when unattached; nil when the file does not say.
  public static func pools(_ bytes: [UInt8]) -> [String]? {
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    where line.hasPrefix("POOL_UUID=") {
      return line.dropFirst("POOL_UUID=".count).split(separator: ",").map(String.init).sorted()
    }
    return nil
  }
}

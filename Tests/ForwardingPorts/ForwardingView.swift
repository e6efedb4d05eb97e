import DRKit

/// A view that is another one but for what it does otherwise.
public protocol ForwardingView: VolumeView {
  var base: any VolumeView { get }
}

extension ForwardingView {
  public func read(_ path: String) async throws(DRError) -> [UInt8]? { try await base.read(path) }
  public func read(_ path: String, at offset: Int64, count: Int) async throws(DRError) -> [UInt8]? {
    try await base.read(path, at: offset, count: count)
  }
  public func list(_ directory: String) async throws(DRError) -> [String]? {
    try await base.list(directory)
  }
  public func size(of path: String) async throws(DRError) -> Int64? { try await base.size(of: path) }
  public func digest(of path: String) async throws(DRError) -> FileDigest? {
    try await base.digest(of: path)
  }
  public func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
    try await base.digests(of: path, plan)
  }
  public func checkDigests() async throws(DRError) -> String { try await base.checkDigests() }
  public func replace(_ path: String, with bytes: [UInt8]) async throws(DRError) {
    try await base.replace(path, with: bytes)
  }
  public func remove(_ path: String) async throws(DRError) { try await base.remove(path) }
  public func space() async throws(DRError) -> VolumeSpace { try await base.space() }
  public func close() async { await base.close() }
}

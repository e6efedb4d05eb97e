import DRKit

/// A fresh mount on this host for everything but content: that is digested by an agent, where the bytes are.
struct AgentView: VolumeView {
  let mount: any VolumeView
  let agent: AgentDigest

  func read(_ path: String) async throws(DRError) -> [UInt8]? { try await mount.read(path) }

  func read(_ path: String, at offset: Int64, count: Int) async throws(DRError) -> [UInt8]? {
    try await mount.read(path, at: offset, count: count)
  }

  func list(_ directory: String) async throws(DRError) -> [String]? { try await mount.list(directory) }

  func size(of path: String) async throws(DRError) -> Int64? { try await mount.size(of: path) }

  func digest(of path: String) async throws(DRError) -> FileDigest? {
    // One block that no file is longer than: its hash is the file's.
    guard let whole = try await digests(of: path, DigestPlan(block: .max)) else { return nil }
    guard let hash = whole.blocks.first?.hash else { return try await mount.digest(of: path) }
    return FileDigest(size: whole.size, sha256: hash.hexadecimal)
  }

  func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
    guard let size = try await mount.size(of: path) else { return nil }
    return try await agent.digests(of: path, plan, size: size)
  }

  func checkDigests() async throws(DRError) -> String {
    try await agent.greet()
    return "by an agent"
  }

  func replace(_ path: String, with bytes: [UInt8]) async throws(DRError) {
    try await mount.replace(path, with: bytes)
  }

  func remove(_ path: String) async throws(DRError) { try await mount.remove(path) }

  func space() async throws(DRError) -> VolumeSpace { try await mount.space() }

  func close() async { await mount.close() }
}

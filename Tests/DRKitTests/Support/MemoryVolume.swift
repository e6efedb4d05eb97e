import DRKit
import Synchronization

/// A secondary volume in memory, and its cluster: for leftovers that no run of ours would make.
final class MemoryVolume: SecondaryVolume, SecondaryCluster {
  private struct State {
    var files: [String: [UInt8]]
    var isReadOnly = false
    var strangers = 0
    var changes: [String] = []
    /// Changes that may still be made; then the process dies.
    var left = Int.max
    var meanwhile: (@Sendable (inout [String: [UInt8]]) -> Void)?
  }

  private let state: Mutex<State>

  init(_ files: [String: [UInt8]], isReadOnly: Bool = false) {
    state = Mutex(State(files: files, isReadOnly: isReadOnly))
  }

  var files: [String: [UInt8]] { state.withLock { $0.files } }
  var isReadOnly: Bool { state.withLock { $0.isReadOnly } }
  /// What was written and removed, in order.
  var changes: [String] { state.withLock { $0.changes } }

  func edit(_ body: (inout [String: [UInt8]]) -> Void) { state.withLock { body(&$0.files) } }
  /// The process dies when it has made so many changes more.
  func die(after changes: Int) { state.withLock { $0.left = changes } }
  /// Somebody else changes files as soon as the flag is off.
  func whenOpened(_ body: @escaping @Sendable (inout [String: [UInt8]]) -> Void) {
    state.withLock { $0.meanwhile = body }
  }

  func view() async throws(DRError) -> any VolumeView { View(volume: self) }

  func geometry() async throws(DRError) -> VolumeGeometry {
    VolumeGeometry(
      name: "data-dr", isStarted: true, subvolumes: [[MemoryVolume.brick]], shardSize: nil,
      rollover: .seconds(15),
      isReadOnly: isReadOnly)
  }

  static let brick = BrickName(node: "b1", path: "/bricks/0")

  func dataMover() async throws(DRError) -> DataMover {
    DataMover(version: "rsync  version 3.2.7  protocol version 31")
  }

  func clients() async throws(DRError) -> [BrickClients] {
    let clients = 1 + state.withLock { $0.strangers }
    return [
      BrickClients(
        brick: MemoryVolume.brick,
        clients: (0..<clients).map { VolumeClient(address: "10.0.0.\($0)", port: 49_000) })
    ]
  }

  /// Clients besides one's own mount.
  func connect(_ strangers: Int) { state.withLock { $0.strangers = strangers } }

  func setReadOnly(_ readOnly: Bool) async throws(DRError) {
    state.withLock { state in
      state.isReadOnly = readOnly
      if !readOnly { state.meanwhile?(&state.files) }
    }
  }

  private func change(_ path: String, _ what: String, _ bytes: [UInt8]?) throws(DRError) {
    let error = state.withLock { state -> DRError? in
      guard !state.isReadOnly else {
        return DRError(.refused, what, path, reason: "Read-only file system")
      }
      guard state.left > 0 else { return .stopped }
      state.left -= 1
      if bytes != nil || state.files[path] != nil { state.changes.append("\(what) \(path)") }
      state.files[path] = bytes
      return nil
    }
    if let error { throw error }
  }

  private struct View: VolumeView {
    let volume: MemoryVolume

    func read(_ path: String) async throws(DRError) -> [UInt8]? { volume.files[path] }

    func list(_ directory: String) async throws(DRError) -> [String]? {
      let head = directory.isEmpty ? "" : "\(directory)/"
      let names = volume.files.keys.filter { $0.hasPrefix(head) }
        .map { String($0.dropFirst(head.count).prefix { $0 != "/" }) }
      return names.isEmpty ? nil : Set(names).sorted()
    }

    func size(of path: String) async throws(DRError) -> Int64? { volume.files[path].map { Int64($0.count) } }

    func digest(of path: String) async throws(DRError) -> FileDigest? {
      volume.files[path].map(FakeDigest.of)
    }

    func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
      volume.files[path].map { FakeDigest.blocks($0, plan) }
    }

    func replace(_ path: String, with bytes: [UInt8]) async throws(DRError) {
      try volume.change(path, "replace", bytes)
    }

    func remove(_ path: String) async throws(DRError) { try volume.change(path, "remove", nil) }

    func space() async throws(DRError) -> VolumeSpace { VolumeSpace(total: 1 << 40, available: 1 << 39) }

    func close() async {}
  }
}

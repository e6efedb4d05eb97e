import DRKit

/// The primary volume's port over the simulated files.
struct SimPrimaryVolume: PrimaryVolume {
  let caller: PortCaller

  init(_ world: SimulatedWorld, _ who: Incarnation) {
    caller = PortCaller(world: world, who: who, port: .primary)
  }

  func view() async throws(DRError) -> any VolumeView {
    try await caller.call("mount the primary volume", PortLatency.mount) { (_, _) throws(DRError) in }
    return SimView(caller: caller, isSecondary: false)
  }

  func writeNonces(_ content: [UInt8], under directory: String) async throws(DRError) -> [Nonce] {
    try await caller.call("write nonces", PortLatency.mount) { (world, now) throws(DRError) in
      var nonces: [Nonce] = []
      for subvolume in world.session.primary.subvolumes.indices {
        // Names are tried until one lands where it is wanted.
        let path = (0..<1_000).lazy.map { "\(directory)/nonce-\(subvolume)-\($0)" }
          .first { world.session.primary.placement(ofNewFile: $0) == subvolume }
        guard let path else {
          throw DRError(
            .refused, "write nonces", directory, reason: "no name lands on subvolume \(subvolume)")
        }
        world.session.primary.writeSmall(path, content, at: now)
        nonces.append(Nonce(subvolume: subvolume, path: path))
      }
      return nonces
    }
  }
}

/// The secondary volume's port over the simulated files.
struct SimSecondaryVolume: SecondaryVolume {
  let caller: PortCaller

  init(_ world: SimulatedWorld, _ who: Incarnation) {
    caller = PortCaller(world: world, who: who, port: .secondary)
  }

  func view() async throws(DRError) -> any VolumeView {
    try await caller.call("mount the secondary volume", PortLatency.mount) { (world, _) throws(DRError) in
      try world.session.reachSecondary("mount the secondary volume")
    }
    // A mount that fails, or whose answer is lost, is detached by whoever made it.
    caller.world.mounts[caller.who, default: 0] += 1
    caller.world.countMounts()
    return SimView(caller: caller, isSecondary: true)
  }
}

/// A fresh look at either volume.
struct SimView: VolumeView {
  let caller: PortCaller
  let isSecondary: Bool
  private let state = OpenState()

  /// Touched on the loop's thread only.
  private final class OpenState: @unchecked Sendable {
    var isClosed = false
  }

  init(caller: PortCaller, isSecondary: Bool) {
    self.caller = caller
    self.isSecondary = isSecondary
  }

  /// What `read` takes at most, as the real view does.
  private static let smallFileLimit = 1 << 20

  func read(_ path: String) async throws(DRError) -> [UInt8]? {
    try await look("read") { (volume) throws(DRError) in
      guard let bytes = volume.read(path) else { return nil }
      guard bytes.count <= Self.smallFileLimit else {
        throw DRError(.refused, "read a file", path, reason: "\(bytes.count) bytes, more than 1 MiB")
      }
      return bytes
    }
  }

  func read(_ path: String, at offset: Int64, count: Int) async throws(DRError) -> [UInt8]? {
    try await look("read") { (volume) throws(DRError) in
      volume.read(path).map { bytes in
        Array(bytes.dropFirst(Int(max(0, offset))).prefix(min(max(0, count), Self.smallFileLimit)))
      }
    }
  }

  func list(_ directory: String) async throws(DRError) -> [String]? {
    try await look("list") { (volume) throws(DRError) in volume.list(directory) }
  }

  func size(of path: String) async throws(DRError) -> Int64? {
    try await look("stat") { (volume) throws(DRError) in volume.file(path)?.size }
  }

  func space() async throws(DRError) -> VolumeSpace {
    try await look("statfs") { (volume) throws(DRError) in volume.space }
  }

  func digest(of path: String) async throws(DRError) -> FileDigest? {
    guard let whole = try await digests(of: path, DigestPlan(block: .max)) else { return nil }
    return FileDigest(size: whole.size, sha256: (whole.blocks.first?.hash ?? whole.root).hexadecimal)
  }

  func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
    let bytes = plan.bytes(size: try await size(of: path) ?? 0)
    try await caller.world.loop.sleep(caller.who, for: caller.world.reading(bytes))
    let isSecondary = isSecondary
    return try await look("digest") { (volume) throws(DRError) in
      // Only a read-only volume refuses: elsewhere the read makes an empty shard (docs/real-systems.md, Holes).
      try volume.digests(of: path, plan, holesAreMissing: isSecondary && volume.isReadOnly)
    }
  }

  func replace(_ path: String, with bytes: [UInt8]) async throws(DRError) {
    try await change("replace", path) { (world, now) in
      if isSecondary {
        world.oracle.writes(path, while: world.session.livesAtSecondary(at: now), at: now)
        world.session.secondary.replaceSmall(path, bytes, at: now)
      } else {
        world.oracle.changesPrimary(path, at: now)
        world.session.primary.replaceSmall(path, bytes, at: now)
      }
    }
  }

  func remove(_ path: String) async throws(DRError) {
    try await change("remove", path) { (world, now) in
      if isSecondary {
        world.oracle.removes(
          path, from: world.session.secondary, of: world.session.primary,
          while: world.session.livesAtSecondary(at: now), at: now)
        world.session.secondary.remove(path)
      } else {
        world.oracle.changesPrimary(path, at: now)
        if world.session.primary.file(path)?.isImage == true { return }
        world.session.primary.remove(path)
      }
    }
  }

  func close() async {
    guard !state.isClosed else { return }
    state.isClosed = true
    guard isSecondary else { return }
    let world = caller.world
    world.mounts[caller.who, default: 0] -= 1
    world.countMounts()
  }

  private func checkOpen(_ operation: String) throws(DRError) {
    guard state.isClosed else { return }
    throw DRError(.unfit, "\(operation) on a mount", reason: "the view has been closed")
  }

  private func look<T>(
    _ operation: String, _ body: @escaping (VolumeModel) throws(DRError) -> T
  ) async throws(DRError) -> T {
    let isSecondary = isSecondary
    try checkOpen(operation)
    return try await caller.call("\(operation) on a mount", PortLatency.file) { (world, _) throws(DRError) in
      if isSecondary { try world.session.reachSecondary("\(operation) on a mount") }
      return try body(isSecondary ? world.session.secondary : world.session.primary)
    }
  }

  private func change(
    _ operation: String, _ path: String, _ body: @escaping (SimulatedWorld, Instant) -> Void
  ) async throws(DRError) {
    let isSecondary = isSecondary
    try checkOpen(operation)
    try await caller.call("\(operation) on a mount", PortLatency.file) { (world, now) throws(DRError) in
      if isSecondary { try world.session.reachSecondary("\(operation) on a mount") }
      if isSecondary && world.session.secondary.isReadOnly {
        throw DRError(
          .refused, "\(operation) a file", path, reason: "Read-only file system",
          remedy: "switch features.read-only off at the secondary volume")
      }
      body(world, now)
    }
  }
}

extension VolumeModel {
  /// A stand-in for SHA-256: folds of what the shards hold. Equal for equal content, different otherwise. A block is as many
  /// whole shards as it covers: blocks smaller than a shard are told apart by their place in it.
  /// - Throws: `.disproved` for a shard that does not exist, if those count as missing.
  func digests(of path: String, _ plan: DigestPlan, holesAreMissing: Bool) throws(DRError) -> BlockDigests? {
    guard let file = file(path) else { return nil }
    var blocks: [BlockDigests.Block] = []
    for index in plan.indices(size: file.size) {
      let begin = index * plan.block
      let end = begin + min(plan.block, file.size - begin)
      var fold = ContentFold(UInt64(bitPattern: end - begin))
      if let bytes = file.bytes {
        fold.add(StableHash.bytes(Array(bytes[Int(begin)..<Int(end)])))
      } else {
        fold.add(UInt64(bitPattern: begin % shardSize))
        for shard in Int(begin / shardSize)...Int((end - 1) / shardSize) {
          if file.shards[shard] == .hole && holesAreMissing {
            throw DRError(
              .disproved, "read the content", path,
              reason: "shard \(shard) does not exist: Read-only file system")
          }
          // No bytes read as zeros, whether the shard is there or not.
          fold.add((file.shards[shard] == .empty ? .hole : file.shards[shard]).number)
        }
      }
      blocks.append(BlockDigests.Block(index: index, hash: fold.hash))
    }
    return BlockDigests(size: file.size, block: plan.block, blocks: blocks)
  }
}

/// Four lanes of a mixing hash.
private struct ContentFold {
  private var words: [UInt64]

  init(_ seed: UInt64) {
    words = [
      0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89,
    ].map { $0 ^ seed }
  }

  mutating func add(_ value: UInt64) {
    for index in words.indices { words[index] = StableHash.mix(words[index] ^ value) }
  }

  var hash: BlockHash { BlockHash(words[0], words[1], words[2], words[3]) }
}

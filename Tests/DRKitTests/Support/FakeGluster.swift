import DRKit

struct FakeGeoReplication: GeoReplication {
  let world: SmallWorld
  var session: SessionName { Sample.session }

  func status() async throws(DRError) -> [WorkerStatus] {
    try world.call("georep.status") { (state, now) throws(DRError) in
      guard state.sessionExists else {
        throw DRError(.missing, "read the status", reason: "there is no such session")
      }
      return state.rows(now)
    }
  }

  func settings() async throws(DRError) -> [SessionSetting] {
    try world.call("georep.settings") { (state, _) throws(DRError) in state.settings }
  }

  func set(_ setting: SessionSetting) async throws(DRError) {
    try world.call("georep.set") { (state, _) throws(DRError) in
      guard let index = state.settings.firstIndex(where: { $0.name == setting.name }) else {
        throw DRError(.refused, "set an option", setting.name, reason: "Invalid option")
      }
      state.settings[index] = setting
    }
  }

  func delete() async throws(DRError) {
    try world.call("georep.delete") { (state, _) throws(DRError) in
      if state.isRunning { state.violations.append("a running session is deleted") }
      if state.sessionExists { state.deletions += 1 }
      state.sessionExists = false
    }
  }

  func create() async throws(DRError) {
    try world.call("georep.create") { (state, _) throws(DRError) in state.createSession() }
  }

  func setCheckpoint() async throws(DRError) -> Instant {
    try world.call("georep.setCheckpoint") { (state, now) throws(DRError) in state.setCheckpoint(now) }
  }

  func start() async throws(DRError) {
    try world.call("georep.start") { (state, now) throws(DRError) in state.start(now) }
  }

  func stop() async throws(DRError) {
    try world.call("georep.stop") { (state, now) throws(DRError) in state.stop(now) }
  }

  func primaryGeometry() async throws(DRError) -> VolumeGeometry {
    try world.call("georep.primaryGeometry") { (state, _) throws(DRError) in
      VolumeGeometry(
        name: "data", isStarted: true, subvolumes: state.shown, shardSize: state.shardSize,
        rollover: .seconds(15), isReadOnly: false)
    }
  }

  func dataMover() async throws(DRError) -> DataMover {
    try world.call("georep.dataMover") { (state, _) throws(DRError) in state.mover }
  }
}

struct FakeCluster: SecondaryCluster {
  let world: SmallWorld

  func geometry() async throws(DRError) -> VolumeGeometry {
    try world.call("cluster.geometry") { (state, _) throws(DRError) in
      VolumeGeometry(
        name: "data-dr", isStarted: state.secondaryIsStarted,
        subvolumes: [[BrickName(node: "b1", path: "/bricks/0")]], shardSize: state.secondaryShardSize,
        rollover: .seconds(15), isReadOnly: state.secondaryIsReadOnly)
    }
  }

  func clients() async throws(DRError) -> [BrickClients] {
    try world.call("cluster.clients") { (state, now) throws(DRError) in state.clients(now) }
  }

  func dataMover() async throws(DRError) -> DataMover {
    try world.call("cluster.dataMover") { (state, _) throws(DRError) in state.moverThere }
  }

  func setReadOnly(_ readOnly: Bool) async throws(DRError) {
    try world.call("cluster.setReadOnly") { (state, _) throws(DRError) in
      state.secondaryIsReadOnly = readOnly
    }
  }
}

struct FakeVolume: PrimaryVolume, SecondaryVolume {
  enum Side: String {
    case primary, secondary
  }

  let world: SmallWorld
  let side: Side

  func view() async throws(DRError) -> any VolumeView {
    try world.tripwire.call("\(side).view") { () throws(DRError) in }
    return FakeView(world: world, side: side)
  }

  func writeNonces(_ content: [UInt8], under directory: String) async throws(DRError) -> [Nonce] {
    try world.call("primary.writeNonces") { (state, now) throws(DRError) in
      let nonces = WorldState.subvolumes.indices.map {
        Nonce(subvolume: $0, path: "\(directory)/nonce-\($0)")
      }
      for nonce in nonces { state.writeNonce(nonce.path, content, now) }
      return nonces
    }
  }
}

/// A look at one side's files.
final class FakeView: VolumeView {
  private let world: SmallWorld
  private let side: FakeVolume.Side

  init(world: SmallWorld, side: FakeVolume.Side) {
    self.world = world
    self.side = side
    world.with { $0.openViews += 1 }
  }

  private func files(_ state: WorldState) -> [String: [UInt8]] {
    side == .primary ? state.primary : state.secondary
  }

  func read(_ path: String) async throws(DRError) -> [UInt8]? {
    try world.call("\(side).read") { (state, _) throws(DRError) in files(state)[path] }
  }

  func list(_ directory: String) async throws(DRError) -> [String]? {
    try world.call("\(side).list") { (state, _) throws(DRError) in
      let head = directory.isEmpty ? "" : "\(directory)/"
      let names = files(state).keys.filter { $0.hasPrefix(head) }
        .map { String($0.dropFirst(head.count).prefix { $0 != "/" }) }
      return names.isEmpty ? nil : Set(names).sorted()
    }
  }

  func size(of path: String) async throws(DRError) -> Int64? {
    try world.call("\(side).size") { (state, _) throws(DRError) in
      files(state)[path].map { Int64($0.count) }
    }
  }

  func digest(of path: String) async throws(DRError) -> FileDigest? {
    guard let whole = try await digests(of: path, DigestPlan(block: .max)) else { return nil }
    return FileDigest(size: whole.size, sha256: (whole.blocks.first?.hash ?? whole.root).hexadecimal)
  }

  func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
    try world.call("\(side).digest") { (state, _) throws(DRError) in
      files(state)[path].map { FakeDigest.blocks($0, plan) }
    }
  }

  func checkDigests() async throws(DRError) -> String {
    try world.call("\(side).checkDigests") { (state, _) throws(DRError) in
      if side == .secondary, state.secondaryLacksAgent {
        throw DRError(.unfit, "ask an agent", "b1", reason: "there is none", remedy: "install it")
      }
      return "by hand"
    }
  }

  func replace(_ path: String, with bytes: [UInt8]) async throws(DRError) {
    try world.call("\(side).replace") { (state, _) throws(DRError) in
      try state.touchSecondary(path)
      state.secondary[path] = bytes
    }
  }

  func remove(_ path: String) async throws(DRError) {
    try world.call("\(side).remove") { (state, _) throws(DRError) in
      guard side == .secondary else { return state.write(path, nil) }
      try state.touchSecondary(path)
      if state.secondary.removeValue(forKey: path) != nil { state.removedAtSecondary.append(path) }
    }
  }

  func space() async throws(DRError) -> VolumeSpace {
    try world.call("\(side).space") { (state, _) throws(DRError) in
      side == .primary ? state.space.primary : state.space.secondary
    }
  }

  func close() async { world.with { $0.openViews -= 1 } }
}

/// What stands for SHA-256 in every fake volume.
enum FakeDigest {
  static func of(_ bytes: [UInt8]) -> FileDigest {
    let hash = bytes.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    let word = String(hash, radix: 16)
    let padded = String(repeating: "0", count: 16 - word.count) + word
    return FileDigest(size: Int64(bytes.count), sha256: String(repeating: padded, count: 4))
  }

  static func blocks(_ bytes: [UInt8], _ plan: DigestPlan) -> BlockDigests {
    let size = Int64(bytes.count)
    let blocks = plan.indices(size: size).map { index in
      let begin = index * plan.block
      let part = bytes[Int(begin)..<Int(begin + min(plan.block, size - begin))]
      let hash = part.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
      return BlockDigests.Block(index: index, hash: BlockHash(hash, hash, hash, hash))
    }
    return BlockDigests(size: size, block: plan.block, blocks: blocks)
  }
}

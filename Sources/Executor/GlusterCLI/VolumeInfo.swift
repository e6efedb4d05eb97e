import DRKit

/// A volume as `gluster volume info VOL --xml` describes it.
struct VolumeInfo: Sendable {
  struct Brick: Hashable, Sendable {
    var name: BrickName
    /// The node's UUID in its pool.
    var hostUUID: String
  }

  var name: String
  var isStarted: Bool
  /// In gluster's order: the bricks of one subvolume follow each other.
  var bricks: [Brick]
  /// Bricks of one subvolume: the replica count (arbiters included), the disperse count, or 1.
  var width: Int

  var subvolumes: [[Brick]] {
    stride(from: 0, to: bricks.count, by: width).map { Array(bricks[$0..<($0 + width)]) }
  }

  /// - Throws: `.missing` when the answer does not hold the volume; `.malformed`.
  init(_ root: XMLTree, volume: String) throws(DRError) {
    let volumes = try root.require("volInfo", "volumes")
    guard let node = volumes.all("volume").first(where: { $0.child("name")?.text == volume }) else {
      throw DRError(
        .missing, "read the volume", volume, reason: "there is no volume of that name",
        remedy: "correct the names in the configuration")
    }
    name = volume
    isStarted = try node.require("statusStr").text == "Started"
    bricks = []
    for brick in try node.require("bricks").all("brick") {
      let text = try brick.require("name").text
      bricks.append(
        Brick(name: try Self.brickName(text, brick.path), hostUUID: brick.child("hostUuid")?.text ?? ""))
    }
    let replica = try node.require("replicaCount").integer()
    let disperse = try node.child("disperseCount")?.integer() ?? 0
    guard let width = Int(exactly: disperse > 0 ? disperse : max(1, replica)), width > 0, !bricks.isEmpty,
      bricks.count % width == 0, try node.require("brickCount").integer() == Int64(bricks.count)
    else {
      throw DRError(
        .malformed, "read the volume", volume,
        reason: "\(bricks.count) bricks make no subvolumes of replica \(replica), disperse \(disperse)",
        remedy: XMLTree.remedy)
    }
    self.width = width
  }

  /// `host:/path`; an IPv6 address may stand for the host.
  private static func brickName(_ text: String, _ path: String) throws(DRError) -> BrickName {
    var previous: Character?
    for index in text.indices {
      if text[index] == "/", previous == ":" {
        let host = text[..<text.index(before: index)]
        if !host.isEmpty { return BrickName(node: String(host), path: String(text[index...])) }
      }
      previous = text[index]
    }
    throw DRError(
      .malformed, "read the volume", path, reason: "\"\(text)\" is no host:/path", remedy: XMLTree.remedy)
  }
}

/// Asks about volumes.
struct VolumeQueries: Sendable {
  var cli: GlusterAnswer

  func info(_ volume: String) async throws(DRError) -> VolumeInfo {
    let root = try await cli.xml("read the volume", volume, ["volume", "info", volume], isQuery: true)
    return try VolumeInfo(root, volume: volume)
  }

  func option(_ name: String, of volume: String) async throws(DRError) -> VolumeOption {
    let root = try await cli.xml(
      "read the volume option \(name)", volume, ["volume", "get", volume, name], isQuery: true)
    for node in try root.require("volGetopts").all("Opt") where node.child("Option")?.text == name {
      return VolumeOption(name: name, raw: try node.require("Value").text)
    }
    throw DRError(
      .malformed, "read the volume option \(name)", volume, reason: "the answer does not name it",
      remedy: XMLTree.remedy)
  }

  func geometry(_ volume: String) async throws(DRError) -> VolumeGeometry {
    let info = try await info(volume)
    let isSharded = try await option("features.shard", of: volume).flag(default: false)
    let shardSize = try await option("features.shard-block-size", of: volume).bytes(default: 64 << 20)
    let rollover = try await option("changelog.rollover-time", of: volume).time(default: .seconds(15))
    let isReadOnly = try await option("features.read-only", of: volume).flag(default: false)
    return VolumeGeometry(
      name: volume, isStarted: info.isStarted, subvolumes: info.subvolumes.map { $0.map(\.name) },
      shardSize: isSharded ? shardSize : nil, rollover: rollover, isReadOnly: isReadOnly)
  }
}

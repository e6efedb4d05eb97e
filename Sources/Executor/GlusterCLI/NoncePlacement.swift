import DRKit
import GlusterFiles

/// What the placement of nonces asks of a volume's files; a seam for tests.
protocol NonceFiles {
  func names(in directory: VolumePath) throws(DRError) -> [String]
  func touch(_ path: VolumePath) throws(DRError)
  func remove(_ path: VolumePath) throws(DRError)
  func overwrite(_ path: VolumePath, with bytes: [UInt8]) throws(DRError)
  /// The text of `trusted.glusterfs.pathinfo`; nil when the file is gone.
  func pathinfo(_ path: VolumePath) throws(DRError) -> String?
}

extension VolumeFiles: NonceFiles {
  func names(in directory: VolumePath) throws(DRError) -> [String] { try list(directory) ?? [] }
  func pathinfo(_ path: VolumePath) throws(DRError) -> String? {
    try attribute("trusted.glusterfs.pathinfo", of: path)
  }
}

/// One file on every subvolume. Where a name lands is the distribution's secret (its hash, layouts, full bricks): so names
/// are made and asked.
struct NoncePlacement<Files: NonceFiles> {
  var files: Files
  var subvolumes: [[BrickName]]
  var directory: VolumePath

  /// Names tried: for n subvolumes about n·ln n are needed.
  private var limit: Int { max(256, 64 * subvolumes.count) }

  /// Writes the content into a file on every subvolume. Files of an earlier call are used again.
  /// - Returns: sorted by subvolume.
  /// - Throws: `.unfit` when no name lands on some subvolume.
  func write(_ content: [UInt8]) throws(DRError) -> [Nonce] {
    var places: [Int: VolumePath] = [:]
    let known = Set(try files.names(in: directory).compactMap { NonceName.number($0) })
    for number in known.sorted() {
      let path = try path(number)
      guard let index = try subvolume(path) else { continue }
      if places[index] == nil { places[index] = path }
      if places.count == subvolumes.count { break }
    }
    var number = 0
    var tried = 0
    while places.count < subvolumes.count, tried < limit {
      defer { number += 1 }
      if known.contains(number) { continue }
      tried += 1
      let path = try path(number)
      try files.touch(path)
      guard let index = try subvolume(path) else { continue }
      if places[index] == nil { places[index] = path } else { try files.remove(path) }
    }
    var nonces: [Nonce] = []
    for index in subvolumes.indices {
      guard let path = places[index] else {
        throw DRError(
          .unfit, "write a nonce on every subvolume", directory.text,
          reason: "none of \(tried) new names landed on subvolume \(index) "
            + "(\(subvolumes[index].map(\.description).joined(separator: " ")))",
          remedy:
            "gluster volume rebalance VOLUME fix-layout start; see that the subvolume is not being removed")
      }
      try files.overwrite(path, with: content)
      nonces.append(Nonce(subvolume: index, path: path.text))
    }
    return nonces
  }

  private func subvolume(_ path: VolumePath) throws(DRError) -> Int? {
    guard let text = try files.pathinfo(path) else { return nil }
    return try Pathinfo(text).subvolume(of: subvolumes)
  }

  private func path(_ number: Int) throws(DRError) -> VolumePath {
    var path = directory
    path.components.append("\(NonceName.prefix)\(number)")
    return path
  }
}

private enum NonceName {
  static let prefix = "nonce-"

  /// The number of `nonce-N`; nil for any other name.
  static func number(_ name: String) -> Int? {
    guard name.hasPrefix(prefix) else { return nil }
    let digits = name.dropFirst(prefix.count)
    guard let number = Int(digits), number >= 0, String(number) == digits else { return nil }
    return number
  }
}

import DRKit

/// Where a file's data lies, as the virtual attribute `trusted.glusterfs.pathinfo` of a mount tells it:
/// `(<DISTRIBUTE:data-dht> (<REPLICATE:data-replicate-0> <POSIX(/b1):a1:/b1/f> <POSIX(/b1):a2:/b1/f> …))`.
struct Pathinfo: Hashable, Sendable {
  /// What holds the file: the host as *it* calls itself (`gethostname`), which need not be the brick's name in the volume
  /// (xlators/storage/posix/src/posix-helpers.c).
  var bricks: [BrickName]
  /// N of `VOL-replicate-N`, `VOL-disperse-N`.
  var subvolumes: [Int]

  /// - Throws: `.malformed` when the text names no brick.
  init(_ text: String) throws(DRError) {
    bricks = []
    subvolumes = []
    // Translators are written `<NAME…>`. A file name may hold `<`, too: what does not parse is passed over.
    for piece in text.split(separator: "<") {
      if piece.hasPrefix("POSIX(") {
        if let brick = Self.brick(piece.dropFirst("POSIX(".count)) { bricks.append(brick) }
      } else if piece.hasPrefix("REPLICATE:") || piece.hasPrefix("EC:") {
        let name = piece.prefix { $0 != ">" }
        if let dash = name.lastIndex(of: "-"), let index = Int(name[name.index(after: dash)...]) {
          subvolumes.append(index)
        }
      }
    }
    guard !bricks.isEmpty else {
      throw DRError(
        .malformed, "find a file's subvolume", reason: "no brick in the pathinfo \"\(text.prefix(400))\"",
        remedy: "see that the path is on a Gluster mount: getfattr -n trusted.glusterfs.pathinfo FILE")
    }
  }

  /// `/brick):host:/brick/path>`.
  private static func brick(_ text: Substring) -> BrickName? {
    guard text.first == "/" else { return nil }
    // The path ends where `):` is followed by a host and the same path again. A path with more brackets than this is none:
    // each costs a search of the whole text.
    var search = text.startIndex
    var tries = 0
    while tries < 32, let close = text[search...].firstIndex(of: ")") {
      let path = text[..<close]
      let rest = text[text.index(after: close)...]
      if rest.first == ":" {
        let tail = rest.dropFirst()
        if let colon = Self.range(of: ":\(path)/", in: tail) {
          let node = tail[..<colon]
          return node.isEmpty || node.contains("/") ? nil : BrickName(node: String(node), path: String(path))
        }
      }
      search = text.index(after: close)
      tries += 1
    }
    return nil
  }

  private static func range(of needle: String, in text: Substring) -> String.Index? {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start...].hasPrefix(needle) { return start }
      start = text.index(after: start)
    }
    return nil
  }

  /// The index of the subvolume that holds the file. By host and path; else, because hosts may call themselves otherwise, by
  /// a path that only one subvolume has, by the translator's number, by the first label of the host's name.
  /// - Throws: `.malformed` when none of them gives exactly one.
  func subvolume(of subvolumes: [[BrickName]]) throws(DRError) -> Int {
    let rules: [(BrickName, BrickName) -> Bool] = [
      { $0 == $1 }, { $0.path == $1.path },
      { $0.path == $1.path && Self.label($0.node) == Self.label($1.node) },
    ]
    for (number, rule) in rules.enumerated() {
      if number == 2, self.subvolumes.count == 1, subvolumes.indices.contains(self.subvolumes[0]) {
        return self.subvolumes[0]
      }
      let found = subvolumes.indices.filter { index in
        subvolumes[index].contains { brick in bricks.contains { rule($0, brick) } }
      }
      if found.count == 1 { return found[0] }
    }
    throw DRError(
      .malformed, "find a file's subvolume",
      bricks.map(\.description).joined(separator: " "),
      reason: "the bricks that hold it are not those of one subvolume",
      remedy:
        "name bricks by the names that their hosts give themselves, or use different paths for different bricks"
    )
  }

  private static func label(_ host: String) -> Substring { host.prefix { $0 != "." } }
}
